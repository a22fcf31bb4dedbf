//! Config files on a disk and helpers that are shell scripts.

use std::fs;
use std::path::Path;

use super::*;
use crate::disk;

fn user(username: &str, password: &str) -> Credential {
    Credential { username: username.into(), password: password.into(), ..Credential::default() }
}

fn file(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("config.json");
    crate::disk::write(&path, text.as_bytes(), 0o644).unwrap();
    path
}

async fn found(text: &str, host: &str) -> Result<Option<Credential>> {
    let folder = tempfile::tempdir().unwrap();
    Store::new(vec![file(folder.path(), text)]).get(host).await
}

#[tokio::test]
async fn a_password_may_have_colons_and_a_key_may_be_a_url() {
    let text = r#"{"auths": {"https://b.io/v1/": {"auth": "dTpwOnE="}}}"#;
    assert_eq!(found(text, "b.io").await.unwrap(), Some(user("u", "p:q")));
    assert_eq!(found(text, "c.io").await.unwrap(), None);
}

#[tokio::test]
async fn tokens_and_plain_fields_are_read() {
    let text = r#"{"auths": {"a": {"identitytoken": "i"}, "b": {"registrytoken": "r"},
        "c": {"username": "u", "password": "p"}, "https://index.docker.io/v1/": {"auth": "dTpw"}, "e": {}}}"#;
    assert_eq!(found(text, "a").await.unwrap().unwrap().refresh_token.expose(), "i");
    assert_eq!(found(text, "b").await.unwrap().unwrap().access_token.expose(), "r");
    assert_eq!(found(text, "c").await.unwrap(), Some(user("u", "p")));
    assert_eq!(found(text, "docker.io").await.unwrap(), Some(user("u", "p")));
    assert_eq!(found(text, "e").await.unwrap(), None);
}

#[tokio::test]
async fn a_file_that_is_no_config_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (text, reason) in [
        ("hi", "invalid character 'h' looking for beginning of value"),
        ("{", "unexpected EOF"),
        ("[]", "json: cannot unmarshal array into Go value of type map[string]json.RawMessage"),
    ] {
        let path = file(folder.path(), text);
        let says = Store::new(vec![path.clone()]).get("h").await.unwrap_err().to_string();
        let path = path.display();
        assert_eq!(says, format!("failed to decode config file {path}: invalid config format: {reason}"));
    }
    let says = found(r#"{"auths": 3}"#, "h").await.unwrap_err().to_string();
    assert!(says.starts_with("failed to unmarshal auths field: invalid config format: json"), "{says}");
    let says = found(r#"{"auths": {"h": {"auth": "c2VjcmV0"}}}"#, "h").await.unwrap_err().to_string();
    assert!(says.starts_with("failed to decode auth field") && !says.contains("c2Vj"), "{says}");
}

#[tokio::test]
async fn an_empty_or_missing_file_says_nothing() {
    assert_eq!(found("", "h").await.unwrap(), None);
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Store::new(vec![folder.path().join("none")]).get("h").await.unwrap(), None);
}

#[tokio::test]
async fn the_first_file_with_a_credential_wins_and_only_the_first_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("new/one.json"), folder.path().join("two.json"));
    let both = Store::new(vec![first.clone(), second.clone()]);
    Store::new(vec![second.clone()]).put("h", &user("second", "p")).await.unwrap();
    assert_eq!(both.get("h").await.unwrap(), Some(user("second", "p")));
    both.put("h", &user("first", "p")).await.unwrap();
    assert_eq!(both.get("h").await.unwrap(), Some(user("first", "p")));
    both.erase("h").await.unwrap();
    assert_eq!(both.get("h").await.unwrap(), Some(user("second", "p")));
}

#[tokio::test]
async fn the_files_of_others_are_asked_last_and_never_written() {
    let folder = tempfile::tempdir().unwrap();
    let (own, other) = (folder.path().join("own.json"), folder.path().join("other.json"));
    Store::new(vec![other.clone()]).put("h", &user("other", "p")).await.unwrap();
    let store = Store::new(vec![own.clone()]).falling_back_to(vec![other.clone()]);
    let found = store.find("h").await.unwrap().unwrap();
    assert_eq!((found.credential, found.file, found.helper), (user("other", "p"), other.clone(), None));
    store.put("h", &user("own", "p")).await.unwrap();
    assert_eq!(store.find("h").await.unwrap().unwrap().file, own);
    store.erase("h").await.unwrap();
    assert_eq!(store.get("h").await.unwrap(), Some(user("other", "p")));
    disk::write(&other, b"{", 0o600).unwrap();
    assert!(store.check().await.unwrap_err().to_string().contains("other.json"));
    let unwritable = Store::new(Vec::new()).falling_back_to(vec![other]);
    let says = unwritable.put("h", &user("u", "p")).await.unwrap_err().to_string();
    assert_eq!(says, "no file to keep credentials in");
}

#[tokio::test]
async fn what_is_kept_for_a_repository_wins_over_what_is_kept_for_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(
        folder.path(),
        r#"{"auths": {"h": {"auth": "YWxsOnA="}, "h/team": {"auth": "dGVhbTpw"}, "h/team/a": {"auth": "YTpw"},
        "h/empty": {}, "g/only": {"auth": "b25seTpw"}}}"#,
    );
    let store = Store::new(vec![path.clone()]);
    for (repository, expected, key) in [
        ("team/a", "a", "h/team/a"),
        ("team/b", "team", "h/team"),
        ("teams", "all", "h"),
        ("empty", "all", "h"),
    ] {
        let store = store.clone().for_repository(repository);
        let found = store.find("h").await.unwrap().unwrap();
        assert_eq!((found.credential, found.key.as_str()), (user(expected, "p"), key), "{repository}");
        assert_eq!(store.is_particular("h").await.unwrap(), repository != "teams", "{repository}");
    }
    assert_eq!(store.get("h").await.unwrap(), Some(user("all", "p")));
    assert_eq!(store.get("g").await.unwrap(), None);
    store.erase("h").await.unwrap();
    assert_eq!(store.for_repository("team/a").get("h").await.unwrap(), Some(user("a", "p")));
}

#[tokio::test]
async fn a_config_without_entries_gets_some() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(vec![file(folder.path(), r#"{"auths": null}"#)]);
    store.put("h", &user("u", "p")).await.unwrap();
    assert_eq!(store.get("h").await.unwrap(), Some(user("u", "p")));
}

#[tokio::test]
async fn what_others_wrote_is_kept_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(
        folder.path(),
        r#"{"z": [1], "auths": {"https://h/": {"auth": "dTpw"}, "h": {"email": "e", "username": "old"}}, "a": 1.50}"#,
    );
    let store = Store::new(vec![path.clone()]);
    let token = Credential { refresh_token: "t".into(), ..Credential::default() };
    store.put("h", &token).await.unwrap();
    let wanted = "{\n\t\"z\": [\n\t\t1\n\t],\n\t\"auths\": {\n\t\t\"https://h/\": {\n\t\t\t\"auth\": \"dTpw\"\n\t\t},\n\t\t\"h\": {\n\t\t\t\
        \"email\": \"e\",\n\t\t\t\"identitytoken\": \"t\"\n\t\t}\n\t},\n\t\"a\": 1.5\n}";
    assert_eq!(fs::read_to_string(&path).unwrap(), wanted);
    store.erase("h").await.unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "{\n\t\"z\": [\n\t\t1\n\t],\n\t\"auths\": {},\n\t\"a\": 1.5\n}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_and_its_folder_are_for_the_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docker/config.json");
    Store::new(vec![path.clone()]).put("h", &user("u", "p")).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
}

#[tokio::test]
async fn logins_at_once_all_last() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(vec![folder.path().join("config.json")]);
    let hosts: Vec<String> = (0..8).map(|number| format!("h{number}")).collect();
    let credential = user("u", "p");
    let puts = hosts.iter().map(|host| store.put(host, &credential));
    futures_util::future::try_join_all(puts).await.unwrap();
    for host in &hosts {
        assert_eq!(store.get(host).await.unwrap(), Some(user("u", "p")), "{host}");
    }
}

#[tokio::test]
async fn a_user_with_a_colon_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(vec![folder.path().join("config.json")]);
    let says = store.put("h", &user("a:b", "p")).await.unwrap_err().to_string();
    assert_eq!(says, "bad credential format: colons(:) are not allowed in username");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_secret_is_never_shown() {
    let text = format!("{:?}", user("u", "hidden"));
    assert!(text.contains('u') && !text.contains("hidden"), "{text}");
    let config = Config { all: serde_json::from_str(r#"{"auths": {"h": {"auth": "hidden"}}}"#).unwrap() };
    assert_eq!(format!("{config:?}"), "Config { .. }");
}

#[cfg(unix)]
mod helpers {
    use super::*;

    /// One script at a time: a program that another thread starts just now has all open files for a moment, and a
    /// script that is open for writing cannot be run.
    static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

    /// A store whose helper `mine` is this script, run in the temporary folder.
    fn store(folder: &Path, script: &str) -> Store {
        let script = format!("#!/bin/sh\ncd {}\n{script}\n", folder.display());
        let program = folder.join("docker-credential-mine");
        crate::disk::write(&program, script.as_bytes(), 0o755).unwrap();
        let path = file(
            folder,
            r#"{"credHelpers": {"h": "mine", "gone": "gone"}, "auths": {"i": {"auth": "dTpw"}}}"#,
        );
        Store::new(vec![path]).searching(vec![folder.to_owned()])
    }

    #[tokio::test]
    async fn a_helper_gets_stores_and_erases() {
        let _alone = ALONE.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let script = "case $1 in store) cat > kept ;; get) cat kept ;; erase) cat > erased ;; esac";
        let store = store(folder.path(), script);
        store.put("h", &user("u", "p")).await.unwrap();
        assert_eq!(store.get("h").await.unwrap(), Some(user("u", "p")));
        let kept = fs::read_to_string(folder.path().join("kept")).unwrap();
        assert_eq!(kept, r#"{"ServerURL":"h","Username":"u","Secret":"p"}"#);
        let token = Credential { refresh_token: "t".into(), ..Credential::default() };
        store.put("h", &token).await.unwrap();
        assert_eq!(store.get("h").await.unwrap(), Some(token));
        store.erase("h").await.unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("erased")).unwrap(), "h");
        assert_eq!(store.get("i").await.unwrap(), Some(user("u", "p")));
    }

    #[tokio::test]
    async fn a_helper_that_has_nothing_is_no_error() {
        let _alone = ALONE.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), "echo credentials not found in native keychain; exit 1");
        assert_eq!(store.get("h").await.unwrap(), None);
        store.erase("h").await.unwrap();
    }

    #[tokio::test]
    async fn a_helper_that_does_not_answer_is_ended() {
        let _alone = ALONE.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), "sleep 1000").waiting(Some(Duration::from_millis(1)));
        let says = store.get("h").await.unwrap_err().to_string();
        assert_eq!(says, "error calling docker-credential-mine get: no answer within 1ms");
    }

    #[tokio::test]
    async fn a_helper_that_says_too_much_is_not_listened_to() {
        let _alone = ALONE.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let says = store(folder.path(), "yes").get("h").await.unwrap_err().to_string();
        assert!(says.ends_with("answer is larger than the limit of 1048576 bytes"), "{says}");
    }

    #[tokio::test]
    async fn a_helper_that_fails_or_is_missing_is_named() {
        let _alone = ALONE.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), "echo the keychain is locked; exit 2");
        let says = store.get("h").await.unwrap_err().to_string();
        assert_eq!(says, "error calling docker-credential-mine get: the keychain is locked");
        let says = store.get("gone").await.unwrap_err().to_string();
        assert_eq!(says, "exec: \"docker-credential-gone\": executable file not found in $PATH");
    }
}
