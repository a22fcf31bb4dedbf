//! Graphs that go at the same time and share nodes.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::join;
use tokio::sync::Semaphore;

use super::*;

/// Two artifacts with one file in common, which go at the same time; what comes of each, and how often the target was
/// asked for the file and got it.
async fn together(change: impl FnOnce(&mut Rigged, &Descriptor)) -> ([bool; 2], [usize; 2]) {
    let (source, mut target) = (Rigged::new(), Rigged::registry("r"));
    let file = source.file("shared", "file");
    let roots = ["1", "2"].map(|text| source.manifest(vec![source.file("own", text), file.clone()], None));
    change(&mut target, &file);
    let documents = Documents::new(&source);
    let copier = Copier::new(&documents, &target, Arc::new(Heard::default()), Limits::usual(3));
    let (one, two) = ([tag("v1")], [tag("v2")]);
    let (one, two) = join!(copier.tagged(&roots[0], &one), copier.tagged(&roots[1], &two));
    let there = [one.is_ok(), two.is_ok()];
    let asked = ["exists", "put"].map(|call| target.count(&format!("{call} {}", short(&file))));
    (there, asked)
}

#[tokio::test]
async fn a_node_is_looked_for_and_moved_once() {
    assert_eq!(together(|_, _| ()).await, ([true; 2], [1, 1]));
}

#[tokio::test]
async fn what_fails_for_one_graph_is_tried_again_for_the_next() {
    let refused = |target: &mut Rigged, file: &Descriptor| {
        target.lacking.lock().unwrap().insert(format!("put {}", short(file)));
    };
    let (there, asked) = together(refused).await;
    assert_eq!((there.iter().filter(|there| **there).count(), asked), (1, [2, 2]));
}

#[tokio::test]
async fn graphs_that_wait_for_each_other_come_to_an_end() {
    let (source, target) = (Rigged::new(), Rigged::registry("r"));
    // More than go on at once, in opposite orders: each graph has what the other one needs next.
    let files: Vec<Descriptor> = (0..400).map(|n| source.file(&n.to_string(), &n.to_string())).collect();
    let one = source.manifest(files.clone(), None);
    let two = source.manifest(files.iter().rev().cloned().collect(), None);
    let documents = Documents::new(&source);
    let copier = Copier::new(&documents, &target, Arc::new(()), Limits::usual(3));
    let (first, second) = join!(copier.graph(&one), copier.graph(&two));
    first.and(second).unwrap();
    // The files, the empty config and the two manifests.
    assert_eq!((target.count("exists"), target.count("put")), (403, 403));
}

/// A walk that finds one node in the hands of another walk until it has moved the next.
struct Held {
    node: Descriptor,
    end: Arc<Semaphore>,
}

#[async_trait]
impl Visit for Held {
    async fn enter(&self, node: &Descriptor) -> Result<Entered> {
        if *node != self.node || self.end.is_closed() {
            return Ok(Entered::Leaf);
        }
        let end = Arc::clone(&self.end);
        Ok(Entered::Elsewhere(Box::pin(async move { drop(end.acquire().await) })))
    }

    async fn transfer(&self, _: &Descriptor) -> Result<()> {
        self.end.close();
        Ok(())
    }

    async fn leave(&self, _: &Descriptor) -> Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_another_walk_takes_no_place() {
    let [held, next] = ["held", "next"].map(|text| Descriptor::of("a/b", text.as_bytes()));
    let visit = Held { node: held.clone(), end: Arc::new(Semaphore::new(0)) };
    let walked = walk([&held, &next], Limits::capped(1), &visit);
    tokio::time::timeout(Duration::from_secs(1), walked).await.expect("it waits for ever").unwrap();
}
