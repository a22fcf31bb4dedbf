//! The choice of one platform among those of an index.

use super::Documents;
use crate::content::read_checked;
use crate::error::{Error, Kind, Result};
use crate::oci::{Descriptor, Platform, json, media_type};

/// The manifest for a platform: of an index the first that fits; a manifest that stands alone must fit itself, as its
/// config tells.
///
/// # Errors
/// Nothing fits; a node of which no platform is known; those of the source.
pub async fn select(documents: &Documents<'_>, root: &Descriptor, wanted: &Platform) -> Result<Descriptor> {
    if media_type::is_index(&root.media_type) {
        let document = documents.document(root).await?;
        let fits = |node: &&Descriptor| node.platform.as_ref().is_some_and(|have| have.satisfies(wanted));
        let why = "no matching manifest was found in the manifest list";
        return document.manifests.iter().find(fits).cloned().ok_or_else(|| unfit(root, why));
    }
    if !media_type::is_image(&root.media_type) {
        return Err(Error::unsupported(format!("{}: {}: unsupported", root.digest, root.media_type)));
    }
    let document = documents.document(root).await?;
    let expected = if root.media_type == media_type::DOCKER_MANIFEST {
        media_type::DOCKER_CONFIG
    } else {
        media_type::CONFIG
    };
    let config = document.config.unwrap_or_else(Descriptor::empty);
    if config.media_type != expected {
        let found = config.media_type;
        return Err(Error::unsupported(format!(
            "fail to recognize platform from unknown config {found}: expect {expected}: unsupported"
        )));
    }
    let bytes = read_checked(&documents.source().fetch(&config), &config).await?;
    let have: Platform = json::object(&bytes)
        .map_err(|why| Error::invalid(format!("invalid config {}: {why}", config.digest)))?;
    if have.satisfies(wanted) {
        return Ok(root.clone());
    }
    Err(unfit(root, "platform in manifest does not match target platform"))
}

fn unfit(root: &Descriptor, why: &str) -> Error {
    Error::new(Kind::NotFound { what: Some(root.digest.to_string()), because: Some(why.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::rigged::Rigged;

    fn wanted(text: &str) -> Platform {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn the_first_that_fits_is_chosen() {
        let source = Rigged::new();
        let on = |mut node: Descriptor, platform: &str| {
            node.platform = Some(Box::new(wanted(platform)));
            node
        };
        let [one, two, three] =
            ["1", "2", "3"].map(|text| source.manifest(vec![source.file("f", text)], None));
        let list = vec![one, on(two.clone(), "linux/arm64/v8"), on(three, "linux/arm64/v7")];
        let root = source.index(list);
        let documents = Documents::new(&source);
        let chosen = select(&documents, &root, &wanted("linux/arm64")).await.unwrap();
        assert_eq!(chosen.digest, two.digest);
        let error = select(&documents, &root, &wanted("linux/s390x")).await.unwrap_err();
        let why = "not found: no matching manifest was found in the manifest list";
        assert_eq!(error.to_string(), format!("{}: {why}", root.digest));
        assert!(error.is_not_found());
    }

    #[tokio::test]
    async fn a_manifest_that_stands_alone_is_asked_by_its_config() {
        let source = Rigged::new();
        let config = source.blob(media_type::CONFIG, r#"{"architecture":"amd64","os":"linux","x":1}"#);
        let root = source.manifest_with(config, Vec::new(), None);
        let documents = Documents::new(&source);
        assert_eq!(select(&documents, &root, &wanted("linux/amd64")).await.unwrap().digest, root.digest);
        let error = select(&documents, &root, &wanted("linux/arm64")).await.unwrap_err();
        let why = "not found: platform in manifest does not match target platform";
        assert_eq!(error.to_string(), format!("{}: {why}", root.digest));
        let artifact = source.manifest(Vec::new(), None);
        let error = select(&documents, &artifact, &wanted("linux/amd64")).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "fail to recognize platform from unknown config application/vnd.oci.empty.v1+json: expect application/vnd.oci.image.config.v1+json: unsupported"
        );
    }
}
