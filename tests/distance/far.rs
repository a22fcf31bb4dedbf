//! A registry that is far away, in this process and in virtual time: whoever asks waits for the way there and back,
//! and for nothing else. The clock stands still while anybody works, so an operation takes exactly as many ways there
//! and back as it makes one after the other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use http::{Request, Response, StatusCode};
use oras::content::ByteStream;
use oras::error::Result;
use oras::registry::{Access, Host, ReferrersMode, Repository};
use oras::server::{Config, Local, Referrers};
use oras::transport::{Carrier, Client, Settings};
use tokio::time::{Instant, sleep};

/// The way to a registry, or back.
const ONE_WAY: Duration = Duration::from_millis(25);

/// A registry, and what was asked of it.
pub struct Far {
    registry: Local,
    /// More requests than this at once are too many.
    most: usize,
    asked: Mutex<Asked>,
}

/// What was asked so far.
#[derive(Debug, Default, Clone)]
pub struct Asked {
    /// How many requests there were, by method and kind of path.
    pub kinds: HashMap<String, usize>,
    /// The requests in order, as `PUT manifests`.
    pub order: Vec<String>,
    /// How many were on their way or answered at the same time, at most.
    pub most: usize,
    /// How many were refused because there were too many.
    pub refused: usize,
    now: usize,
}

/// Whether it has the referrers API.
#[derive(Clone, Copy)]
pub enum Has {
    Api,
    TagSchema,
}

impl Far {
    pub fn new(has: Has) -> Arc<Self> {
        Self::taking(usize::MAX, has)
    }

    /// One that takes only so many requests at once.
    pub fn taking(most: usize, has: Has) -> Arc<Self> {
        let mut config = Config::new(([127, 0, 0, 1], 0).into());
        if let Has::TagSchema = has {
            config.referrers = Referrers::TagSchema;
        }
        Arc::new(Self { registry: Local::new(config).unwrap(), most, asked: Mutex::default() })
    }

    /// A repository of it.
    pub fn repository(self: &Arc<Self>, name: &str) -> Repository {
        let client = self.client();
        let reference = format!("localhost/{name}").parse().unwrap();
        Repository::new(client, &reference, Access::default(), ReferrersMode::Probe)
    }

    /// It as a whole.
    pub fn host(self: &Arc<Self>) -> Host {
        Host::new(self.client(), "localhost")
    }

    fn client(self: &Arc<Self>) -> Client {
        let carrier: Arc<dyn Carrier> = self.clone();
        let settings = Settings { plain_http: true, carrier: Some(carrier), ..Settings::default() };
        Client::new("localhost", settings).unwrap()
    }

    /// What was asked since the last time.
    pub fn asked(&self) -> Asked {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    fn begin(&self, kind: String) -> bool {
        let mut asked = self.asked.lock().unwrap();
        *asked.kinds.entry(kind.clone()).or_default() += 1;
        asked.order.push(kind);
        asked.now += 1;
        asked.most = asked.most.max(asked.now);
        let taken = asked.now <= self.most;
        asked.refused += usize::from(!taken);
        taken
    }

    fn end(&self) {
        let now = &mut self.asked.lock().unwrap().now;
        *now = now.saturating_sub(1);
    }
}

/// `HEAD blobs`.
fn kind(request: &Request<ByteStream>) -> String {
    let path = request.uri().path();
    let nouns = ["uploads", "blobs", "manifests", "referrers", "tags"];
    let noun = nouns.iter().find(|noun| path.contains(&format!("/{noun}/"))).copied().unwrap_or("v2");
    format!("{} {noun}", request.method())
}

#[async_trait]
impl Carrier for Far {
    async fn carry(&self, request: Request<ByteStream>) -> Result<Response<ByteStream>> {
        let taken = self.begin(kind(&request));
        sleep(ONE_WAY).await;
        let answer = if taken {
            self.registry.answer(request).await
        } else {
            let mut answer = Response::new(stream::empty().boxed());
            *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            answer
        };
        sleep(ONE_WAY).await;
        self.end();
        Ok(answer)
    }
}

/// How many ways there and back the work takes one after the other, and what comes of it. Less than half of one is a
/// moment.
pub async fn trips<T>(work: impl Future<Output = T>) -> (u128, T) {
    let start = Instant::now();
    let outcome = work.await;
    let way = 2 * ONE_WAY.as_millis();
    ((start.elapsed().as_millis() + way / 2) / way, outcome)
}
