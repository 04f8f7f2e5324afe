//! The network as its HTTP interface sees it: requests in, certified state out.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use candid::Principal;
use ic_management_canister_types::{CanisterIdRecord, FetchCanisterLogsArgs};
use ic_transport_types::RequestId;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    canister::{CanisterView, Canisters, Host, QueryCall, QueryGraph, not_found},
    certification::{CertifiedState, NetworkKeys, StateTree},
    clock::Clock,
    execution::{Engine, EngineError, Limits},
    executor::{Executor, Inbox, Publications, Published, State, Submission},
    faults::{Age, Edge, Injector, TestApi, TestControl},
    management,
    store::Store,
    system_canisters,
};
pub use crate::{
    executor::{ExecutorError, NetworkLimits},
    rejection::{ErrorCode, RejectCode, Rejection},
    store::{StoreError, StoreProblem},
};

/// What a network is opened with.
#[derive(Clone, Debug, Default)]
pub struct NetworkConfig {
    /// Where state survives a restart. Without it, everything is in memory only.
    pub state_dir: Option<PathBuf>,
    /// Where compiled modules are kept, which several networks may share; without it, with the state.
    pub compiled_dir: Option<PathBuf>,
    /// What users and canisters can make the network do.
    pub limits: NetworkLimits,
    /// Lets tests move the clock and make the network misbehave.
    pub test_api: Option<TestApi>,
}

/// An update or query call, authenticated.
#[derive(Clone, Debug)]
pub struct CanisterCall {
    /// The authenticated sender.
    pub sender: Principal,
    /// The canister called.
    pub canister_id: Principal,
    /// The method called.
    pub method_name: String,
    /// The Candid-encoded argument.
    pub arg: Vec<u8>,
    /// The canister or subnet id of the request's URL.
    pub effective_id: Principal,
    /// When its execution may no longer begin, in nanoseconds since the epoch.
    pub ingress_expiry_ns: u64,
}

/// Why a network could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The machine cannot execute WebAssembly.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The state on disk cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A thread could not be started.
    #[error("the network's threads cannot be started: {0}")]
    Thread(io::Error),
}

/// A single-subnet Internet Computer.
pub struct Network {
    keys: Arc<NetworkKeys>,
    clock: Arc<Clock>,
    edge: Edge,
    /// For queries and `inspect_message`; without time and certificate.
    host: Host,
    limits: NetworkLimits,
    queries: Arc<Semaphore>,
    executor: Mutex<Option<JoinHandle<Result<(), ExecutorError>>>>,
    stopped: CancellationToken,
}

impl Network {
    /// Opens the network; goes on from the state in `config.state_dir` if there is one.
    pub fn open(config: NetworkConfig, keys: NetworkKeys) -> Result<Arc<Self>, OpenError> {
        let NetworkConfig {
            state_dir,
            compiled_dir,
            limits,
            test_api,
        } = config;
        let keys = Arc::new(keys);
        let compiled_dir =
            compiled_dir.or_else(|| state_dir.as_ref().map(|dir| dir.join("compiled")));
        let host = Host {
            engine: Arc::new(Engine::new(compiled_dir.as_deref())?),
            subnet_id: keys.subnet_id(),
            root_key: keys.root_public_key_der().into(),
            time_ns: 0,
            certified: None,
            limits: limits.of_update(),
            max_outgoing_calls: limits.outgoing_calls,
        };
        let mut state = State::new(host.clone(), limits.clone(), StateTree::new(&keys));
        let mut store = state_dir.as_deref().map(Store::open).transpose()?;
        let latest_ns = match &store {
            Some(store) => store.load(&mut state)?,
            None => 0,
        };
        let clock = Arc::new(match &test_api {
            None => Clock::new(latest_ns),
            Some(test_api) => Clock::moved(latest_ns, test_api.clock_behind),
        });
        let inbox = Arc::new(Inbox::new(limits.clone()));
        inbox.restore(state.history.unfinished().map(RequestId::new));
        state.host.time_ns = clock.now_ns();
        let first = state.publish(&keys);
        if let Some(store) = &mut store {
            // The time that is certified now: it may not be certified that it was earlier after a restart.
            store.save(&state)?;
        }
        let publications = Arc::new(Publications::new(first));
        let stopped = CancellationToken::new();
        let injector = test_api
            .map(|_| {
                let (inbox, publications) = (inbox.clone(), publications.clone());
                Injector::start(clock.clone(), inbox, publications, stopped.clone())
            })
            .transpose()
            .map_err(OpenError::Thread)?;
        let executor = Executor {
            state,
            store,
            inbox: Arc::clone(&inbox),
            publications: Arc::clone(&publications),
            keys: Arc::clone(&keys),
            clock: Arc::clone(&clock),
            stopped: stopped.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("executor".into())
            .stack_size(16 << 20);
        let thread = thread.spawn(|| executor.run()).map_err(OpenError::Thread)?;
        let queries = Arc::new(Semaphore::new(limits.parallel_queries));
        let executor = Mutex::new(Some(thread));
        Ok(Arc::new(Self {
            keys,
            clock,
            edge: Edge::new(inbox, publications, injector),
            host,
            limits,
            queries,
            executor,
            stopped,
        }))
    }

    /// The network's time, in nanoseconds since the epoch.
    pub fn now_ns(&self) -> u64 {
        self.clock.now_ns()
    }

    /// The network's keys.
    pub fn keys(&self) -> &NetworkKeys {
        &self.keys
    }

    /// What moves the clock and makes the network misbehave, if the test API is on.
    pub fn test_control(&self) -> Option<TestControl> {
        self.edge.injector().cloned().map(TestControl::new)
    }

    /// The newest certified state; renewed about every second when nothing happens.
    pub fn certified(&self) -> Arc<CertifiedState> {
        self.edge.certified(None)
    }

    /// The newest certified state for somebody who asks for the status of a request.
    pub fn certified_for(&self, request: &RequestId) -> Arc<CertifiedState> {
        self.edge.certified(Some(request))
    }

    /// Offers an update call for execution. `Ok` means that it is received and will be executed; a call already known
    /// by its id is `Ok` too and not executed again.
    pub async fn submit(&self, id: RequestId, call: CanisterCall) -> Result<(), Rejection> {
        if self.edge.knows(&id) {
            return Ok(());
        }
        if call.canister_id == Principal::management_canister() {
            management::check_acceptable(&call, |id| self.canister(id, Age::default()))?;
        } else if !system_canisters::contains(call.canister_id) {
            self.inspect(&call).await?;
        }
        self.edge.submit(Submission { id, call })
    }

    async fn inspect(&self, call: &CanisterCall) -> Result<(), Rejection> {
        let age = Age::default();
        if !self.canister(call.canister_id, age)?.inspects_messages()? {
            return Ok(());
        }
        let (sender, method, arg) = (call.sender, call.method_name.clone(), call.arg.clone());
        let limits = self.limits.of_inspection();
        self.run(call.canister_id, age, limits, move |canister, host, _| {
            canister.inspect(sender, method, arg, host)
        })
        .await
    }

    /// Waits until the request's outcome is in a certified state; `None` if it is not by the end of `timeout`.
    pub async fn outcome(&self, id: &RequestId, timeout: Duration) -> Option<Arc<CertifiedState>> {
        let outcome = tokio::time::timeout(timeout, self.edge.outcome(id)).await;
        outcome
            .ok()
            .flatten()
            .filter(|state| state.has_finished(id))
    }

    /// Executes a query call against the newest certified state.
    pub async fn query(&self, call: CanisterCall) -> Result<Vec<u8>, Rejection> {
        let age = self.edge.query_age(&call);
        if call.canister_id == Principal::management_canister() {
            return self.query_management(&call, age);
        }
        if system_canisters::contains(call.canister_id) {
            let subnet = self.host.subnet_id;
            return system_canisters::query(call.canister_id, &call.method_name, subnet);
        }
        let (limits, graph) = (self.limits.of_query(), self.limits.of_query_graph());
        self.run(
            call.canister_id,
            age,
            limits,
            move |canister, host, others| {
                let query = QueryCall {
                    caller: call.sender,
                    method: call.method_name,
                    arg: call.arg,
                };
                QueryGraph::new(host, others, graph).execute(canister, query)
            },
        )
        .await
    }

    fn query_management(&self, call: &CanisterCall, age: Age) -> Result<Vec<u8>, Rejection> {
        match call.method_name.as_str() {
            "canister_status" => {
                let CanisterIdRecord { canister_id } = management::decode(&call.arg)?;
                let canister = self.canister(canister_id, age)?;
                management::query_status(&canister, call.sender)
            }
            "fetch_canister_logs" => {
                let args: FetchCanisterLogsArgs = management::decode(&call.arg)?;
                let canister = self.canister(args.canister_id, age)?;
                management::query_logs(&args, &canister, call.sender)
            }
            other => Err(management::unknown_method(other)),
        }
    }

    fn canister(&self, id: Principal, age: Age) -> Result<Arc<CanisterView>, Rejection> {
        find(&self.edge.state(age), id)
    }

    /// The canister as it is in the newest certified state that is at least so old, and what executes it there.
    fn with_host(
        &self,
        id: Principal,
        age: Age,
        limits: Limits,
    ) -> Result<(Arc<CanisterView>, Host, Canisters), Rejection> {
        let published = self.edge.state(age);
        let host = Host {
            time_ns: published.certified.time_ns(),
            certified: Some(Arc::clone(&published.certified)),
            limits,
            ..self.host.clone()
        };
        let canister = find(&published, id)?;
        Ok((canister, host, published.canisters.clone()))
    }

    /// Executes off the async threads, not too many at once.
    async fn run<T: Send + 'static>(
        &self,
        canister: Principal,
        age: Age,
        limits: Limits,
        execution: impl FnOnce(&CanisterView, &Host, &Canisters) -> Result<T, Rejection>
        + Send
        + 'static,
    ) -> Result<T, Rejection> {
        let failed = |e: &dyn std::fmt::Display| {
            Rejection::new(
                ErrorCode::CertifiedStateUnavailable,
                format!("the execution has failed: {e}"),
            )
        };
        let queries = Arc::clone(&self.queries);
        let permit = queries.acquire_owned().await.map_err(|e| failed(&e))?;
        // Only now: whoever waits for its turn shall not keep an old state alive.
        let (canister, host, others) = self.with_host(canister, age, limits)?;
        tokio::task::spawn_blocking(move || {
            // Execution goes on when nobody waits for it any more, and counts until it ends.
            let _permit = permit;
            execution(&canister, &host, &others)
        })
        .await
        .map_err(|e| failed(&e))?
    }

    /// Waits until nothing is executed any more: because [`Self::shutdown`] was called, or because execution has failed,
    /// and then [`Self::shutdown`] tells why.
    pub async fn stopped(&self) {
        self.stopped.cancelled().await;
    }

    /// Stops executing; the state on disk is free for others then. Calls after the first do nothing.
    pub async fn shutdown(&self) -> Result<(), ExecutorError> {
        self.edge.close();
        let Some(executor) = self
            .executor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        else {
            return Ok(());
        };
        let stop = move || executor.join().unwrap_or(Err(ExecutorError::Panicked));
        let stopped = tokio::task::spawn_blocking(stop).await;
        stopped.unwrap_or(Err(ExecutorError::Panicked))
    }
}

impl Drop for Network {
    /// Lets the threads end.
    fn drop(&mut self) {
        self.edge.close();
    }
}

fn find(published: &Published, id: Principal) -> Result<Arc<CanisterView>, Rejection> {
    let canister = published.canisters.get(&id).cloned();
    canister.ok_or_else(|| not_found(id))
}
