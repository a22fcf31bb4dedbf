//! The tags of a repository or layout.

use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::content::Source;
use crate::error::{Error, Result};
use crate::oci::{Algorithm, Digest, Locator, Tag};
use crate::transfer::Limits;

/// What becomes of tags that name a digest, as the referrers tag schema makes them: `<algorithm>-<hex>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestTags {
    /// They are listed like all others.
    Listed,
    /// They are left out.
    LeftOut,
}

/// Which tags to list.
#[derive(Debug, Clone)]
pub struct Tags {
    /// Only those after this one.
    pub after: Option<String>,
    /// Only those of this manifest.
    pub of: Option<(Digest, Locator)>,
    /// What becomes of tags that name a digest.
    pub digest_tags: DigestTags,
    /// How much at once.
    pub limits: Limits,
}

/// The tags, in the order of the source, page by page as they come. One request for each page, and where only those of one
/// manifest are wanted one more, for what all tags of the page name.
pub fn tags(source: &dyn Source, request: Tags) -> BoxStream<'_, Result<Vec<Tag>>> {
    let Tags { after, of, digest_tags, limits } = request;
    let pages = source.tags(after.as_deref()).map_ok(move |mut page| {
        page.retain(|tag| digest_tags == DigestTags::Listed || !names_a_digest(tag));
        page
    });
    let Some(of) = of else { return pages.boxed() };
    pages.and_then(move |page| same(source, page, of.clone(), limits)).boxed()
}

/// Those tags of a page that the manifest has.
async fn same(
    source: &dyn Source,
    page: Vec<Tag>,
    of: (Digest, Locator),
    limits: Limits,
) -> Result<Vec<Tag>> {
    let (wanted, typed) = &of;
    let asked = stream::iter(page).map(|tag| async move {
        let at = Locator::Tag(tag.clone());
        // The one that was typed has just been resolved.
        let has = at == *typed || source.resolve(&at).await?.digest == *wanted;
        Ok::<_, Error>(has.then_some(tag))
    });
    let asked: Vec<Option<Tag>> = asked.buffered(limits.requests()).try_collect().await?;
    Ok(asked.into_iter().flatten().collect())
}

pub(super) fn names_a_digest(tag: &Tag) -> bool {
    tag.as_str().split_once('-').is_some_and(|(name, hex)| {
        Algorithm::named(name).is_some_and(|_| format!("{name}:{hex}").parse::<Digest>().is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_of_a_whole_digest_counts() {
        let digest = Digest::of(b"x");
        assert!(names_a_digest(&digest.referrers_tag()));
        for other in ["v1", "sha256-abc", "sha256-", "md5-00"] {
            assert!(!names_a_digest(&Tag::any(other)), "{other}");
        }
    }
}
