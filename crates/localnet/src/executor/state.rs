//! The replicated state: all canisters, all messages on their way, all known requests.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::Arc,
};

use candid::Principal;
use ic_transport_types::RequestId;

use super::{History, NetworkLimits, Published, Submission};
use crate::{
    canister::{
        Calls, Canister, CanisterView, Canisters, Footprint, Host, Message, Origin, Outbound,
        Outcome, Queue, Request, Response, Settings, Status, Task, Waiting, not_found,
    },
    certification::{NetworkKeys, RequestOrigin, RequestStatus, StateTree},
    management,
    rejection::{ErrorCode, Rejection},
    system_canisters,
};

/// The time between two heartbeats.
const HEARTBEAT_NS: u64 = 1_000_000_000;

/// How a canister differs from the published one of the same id.
#[derive(Clone, Copy, Debug, Default)]
struct Change {
    /// The state tree has to know.
    leaves: bool,
    /// It is another canister: the one before is deleted, if there was one.
    replaced: bool,
}

/// Everything that messages change.
pub struct State {
    /// What messages are executed with; its time is that of the current batch.
    pub host: Host,
    /// The network's limits.
    pub limits: NetworkLimits,
    /// All canisters.
    pub canisters: BTreeMap<Principal, Canister>,
    /// Calls to the management canister that wait.
    pub management: Queue<Request>,
    /// All known requests.
    pub history: History,
    /// The counter that canister ids are made of.
    pub next_canister: u64,
    /// No deleted canister had a call with a higher id. An answer to such a call may still be under way, and a canister
    /// may be created that has the same id as the deleted one.
    pub last_deleted_call: u64,
    tree: StateTree,
    /// Canisters with messages, in the order of their turns.
    ready: VecDeque<Principal>,
    /// The canisters as they were published last.
    published: Canisters,
    /// Canisters that differ from that.
    changed: BTreeMap<Principal, Change>,
    finished: Vec<RequestId>,
    next_heartbeat_ns: u64,
}

impl State {
    /// The state of a network without canisters.
    pub fn new(host: Host, limits: NetworkLimits, tree: StateTree) -> Self {
        Self {
            host,
            limits,
            canisters: BTreeMap::new(),
            management: Queue::default(),
            history: History::default(),
            next_canister: 0,
            last_deleted_call: 0,
            tree,
            ready: VecDeque::new(),
            published: Canisters::new_sync(),
            changed: BTreeMap::new(),
            finished: Vec::new(),
            next_heartbeat_ns: 0,
        }
    }

    /// Adds an empty canister.
    pub fn create_canister(&mut self, id: Principal, settings: Settings, cycles: u128) {
        let mut canister = Canister::new(id, settings, cycles);
        canister.calls = Calls::after(self.last_deleted_call);
        self.add_canister(canister);
    }

    /// Removes a canister with everything it has.
    pub fn delete_canister(&mut self, id: Principal) -> Option<Canister> {
        self.leaves_changed(id);
        let canister = self.canisters.remove(&id)?;
        self.last_deleted_call = self.last_deleted_call.max(canister.calls.last_id());
        Some(canister)
    }

    /// Takes over a canister, new or from before a restart.
    pub fn add_canister(&mut self, canister: Canister) {
        if !canister.queue.is_empty() {
            self.ready.push_back(canister.id);
        }
        let change = self.changed.entry(canister.id).or_default();
        (change.leaves, change.replaced) = (true, true);
        self.canisters.insert(canister.id, canister);
    }

    /// Says that the state tree has to be told about a canister, or that it is gone.
    pub fn leaves_changed(&mut self, id: Principal) {
        self.changed.entry(id).or_default().leaves = true;
    }

    /// Whether there are messages to execute.
    pub fn has_work(&self) -> bool {
        !self.ready.is_empty() || !self.management.is_empty()
    }

    /// When a timer, a heartbeat or the end of waiting is due.
    pub fn next_task_ns(&self) -> Option<u64> {
        let deadlines = self
            .canisters
            .values()
            .filter_map(Canister::next_deadline_ns);
        let heartbeat = self
            .canisters
            .values()
            .any(Canister::has_heartbeat)
            .then_some(self.next_heartbeat_ns);
        deadlines.chain(heartbeat).min()
    }

    /// Begins a batch at the given time: due timers and heartbeats queue up, and who has waited long enough is told.
    pub fn begin_batch(&mut self, now_ns: u64) {
        self.host.time_ns = now_ns;
        let room = self.limits.space() - self.taken();
        self.host.limits.stable.new_bytes = room.stable;
        self.host.limits.new_heap_bytes = room.heap;
        self.end_waiting(now_ns);
        self.enqueue_due_tasks(now_ns);
    }

    /// How much of the space that all canisters share is taken.
    fn taken(&self) -> Footprint {
        self.canisters.values().map(Canister::footprint).sum()
    }

    /// Refuses what needs more space than there is, besides what is `freed` by it.
    pub fn check_room(&self, needed: Footprint, freed: Footprint) -> Result<(), Rejection> {
        let lacking = self.taken() - freed + needed - self.limits.space();
        let what = match lacking {
            Footprint { heap: 1.., .. } => "heaps",
            Footprint { stable: 1.., .. } => "stable memory",
            Footprint { chunks: 1.., .. } => "chunks",
            _ => return Ok(()),
        };
        let message = format!("the network has no more space for {what}");
        Err(Rejection::new(ErrorCode::CanisterOutOfMemory, message))
    }

    fn end_waiting(&mut self, now_ns: u64) {
        let mut expired = Vec::new();
        for canister in self.canisters.values_mut() {
            let before = expired.len();
            expired.extend(canister.take_expired(now_ns));
            if expired.len() > before {
                self.changed.entry(canister.id).or_default();
            }
        }
        for (origin, rejection, refund) in expired {
            self.respond(origin, Err(rejection), refund);
        }
    }

    fn enqueue_due_tasks(&mut self, now_ns: u64) {
        let heartbeat = self.next_heartbeat_ns <= now_ns;
        if heartbeat {
            self.next_heartbeat_ns = now_ns + HEARTBEAT_NS;
        }
        let mut due = Vec::new();
        for canister in self.canisters.values() {
            let mut queue = |task| {
                if !canister.awaits(task) {
                    due.push((canister.id, task));
                }
            };
            if canister
                .armed_timer()
                .is_some_and(|deadline| deadline <= now_ns)
            {
                queue(Task::GlobalTimer);
            }
            if heartbeat && canister.has_heartbeat() {
                queue(Task::Heartbeat);
            }
        }
        for (id, task) in due {
            self.enqueue(id, Message::Task(task));
        }
    }

    /// Takes a user's call.
    pub fn receive(&mut self, Submission { id, call }: Submission) {
        // What has expired on the way here was never received. As nobody can submit it again either, it does not matter
        // whether an earlier submission is still known.
        if self.history.knows(&id) || call.ingress_expiry_ns < self.host.time_ns {
            self.finished.push(id);
            return;
        }
        let origin = RequestOrigin {
            sender: call.sender,
            canister_id: call.canister_id,
            effective_id: call.effective_id,
        };
        self.history.receive(*id, origin, call.ingress_expiry_ns);
        let request = Request {
            origin: Origin::Ingress(*id),
            sender: call.sender,
            method_name: call.method_name,
            arg: call.arg,
            cycles: 0,
            deadline_ns: 0,
        };
        self.route(Outbound::Request(call.canister_id, request));
    }

    /// Executes one message; `false` if there is none. An error is fatal.
    pub fn execute_next(&mut self) -> io::Result<bool> {
        if let Some(request) = self.management.pop_front() {
            match self.begin_processing(&request.origin) {
                Ok(()) => management::execute(self, request),
                Err(rejection) => self.respond(request.origin, Err(rejection), request.cycles),
            }
            return Ok(true);
        }
        let Some(id) = self.ready.pop_front() else {
            return Ok(false);
        };
        let Some(canister) = self.canisters.get_mut(&id) else {
            return Ok(true);
        };
        let Some(message) = canister.queue.pop_front() else {
            return Ok(true);
        };
        if !canister.queue.is_empty() {
            self.ready.push_back(id);
        }
        if let Message::Request(request) = &message
            && let Err(rejection) = self.begin_processing(&request.origin)
        {
            self.changed.entry(id).or_default();
            self.respond(request.origin.clone(), Err(rejection), request.cycles);
            return Ok(true);
        }
        let Some(canister) = self.canisters.get_mut(&id) else {
            return Ok(true);
        };
        let before = canister.certified_data.clone();
        let sent = canister.execute(message, &self.host)?;
        let certified_data_changed = canister.certified_data != before;
        self.changed.entry(id).or_default().leaves |= certified_data_changed;
        for outbound in sent {
            self.route(outbound);
        }
        self.stop_if_done(id);
        Ok(true)
    }

    /// A user's call is processed from here on, unless it has waited too long.
    fn begin_processing(&mut self, origin: &Origin) -> Result<(), Rejection> {
        let Origin::Ingress(id) = origin else {
            return Ok(());
        };
        let expires_ns = self.history.expires_ns(id);
        if expires_ns.is_some_and(|expires_ns| expires_ns < self.host.time_ns) {
            let message = format!(
                "Ingress message 0x{} timed out waiting to start executing.",
                hex::encode(id)
            );
            return Err(Rejection::new(ErrorCode::IngressMessageTimeout, message));
        }
        self.history.update(*id, RequestStatus::Processing);
        Ok(())
    }

    /// Ends a batch: forgets what may be forgotten.
    pub fn end_batch(&mut self) {
        self.history
            .prune(self.host.time_ns, self.limits.known_reply_bytes);
    }

    /// Ids of requests that were finished since the last time.
    pub fn take_finished(&mut self) -> Vec<RequestId> {
        std::mem::take(&mut self.finished)
    }

    /// The ids of canisters that have changed since the last publication, each with the canister as it was then, unless
    /// that was another one.
    pub fn changed_canisters(&self) -> impl Iterator<Item = (Principal, Option<&CanisterView>)> {
        self.changed.iter().map(|(id, change)| {
            let before = self.published.get(id).map(|view| &**view);
            (*id, before.filter(|_| !change.replaced))
        })
    }

    /// Certifies the state, and makes the changed canisters visible to queries.
    pub fn publish(&mut self, keys: &NetworkKeys) -> Published {
        for (id, change) in std::mem::take(&mut self.changed) {
            match self.canisters.get_mut(&id) {
                Some(canister) => {
                    self.published.insert_mut(id, Arc::new(canister.publish()));
                    if change.leaves {
                        self.tree.set_canister(id, canister.leaves());
                    }
                }
                None => {
                    self.published.remove_mut(&id);
                    self.tree.remove_canister(&id);
                }
            }
        }
        self.history.flush(&mut self.tree);
        let certified = Arc::new(self.tree.certify(self.host.time_ns, keys));
        Published {
            certified,
            canisters: self.published.clone(),
        }
    }

    /// Delivers what a canister has sent.
    pub fn route(&mut self, outbound: Outbound) {
        match outbound {
            Outbound::Response(origin, outcome, refund) => self.respond(origin, outcome, refund),
            Outbound::Task(canister, task) => self.enqueue(canister, Message::Task(task)),
            Outbound::Request(to, request) if system_canisters::contains(to) => {
                system_canisters::execute(self, to, request);
            }
            Outbound::Request(to, request) => match self.check_deliverable(to, &request) {
                Ok(()) if to == Principal::management_canister() => {
                    self.management.push_back(request);
                }
                Ok(()) => self.enqueue(to, Message::Request(request)),
                Err(rejection) => self.respond(request.origin, Err(rejection), request.cycles),
            },
        }
    }

    fn check_deliverable(&self, to: Principal, request: &Request) -> Result<(), Rejection> {
        let (messages, bytes) = if to == Principal::management_canister() {
            (self.management.len(), self.management.bytes())
        } else {
            let canister = self.canister(to)?;
            canister.status.check_running(to)?;
            (canister.queue.len(), canister.queue.bytes())
        };
        let has_room = messages < self.limits.canister_queue
            && bytes + request.bytes() <= self.limits.canister_queue_bytes;
        if has_room {
            return Ok(());
        }
        let message = format!(
            "Canister {to} has no room for another message: {messages} are waiting, of {bytes} bytes"
        );
        Err(Rejection::new(ErrorCode::CanisterQueueFull, message))
    }

    /// The canister of that id.
    pub fn canister(&self, id: Principal) -> Result<&Canister, Rejection> {
        self.canisters.get(&id).ok_or_else(|| not_found(id))
    }

    /// The canister of that id, to be changed; queries and the state tree will see what becomes of it.
    pub fn canister_mut(&mut self, id: Principal) -> Result<&mut Canister, Rejection> {
        self.leaves_changed(id);
        self.canisters.get_mut(&id).ok_or_else(|| not_found(id))
    }

    fn enqueue(&mut self, to: Principal, message: Message) {
        if let Some(canister) = self.canisters.get_mut(&to) {
            if canister.queue.is_empty() {
                self.ready.push_back(to);
            }
            canister.queue.push_back(message);
            self.changed.entry(to).or_default();
        }
    }

    /// Answers a call.
    pub fn respond(&mut self, origin: Origin, outcome: Outcome, refund: u128) {
        match origin {
            Origin::Ingress(id) => {
                let status = match outcome {
                    Ok(reply) => RequestStatus::Replied(reply),
                    Err(rejection) => RequestStatus::Rejected(rejection),
                };
                self.history.update(id, status);
                self.finished.push(RequestId::new(&id));
            }
            Origin::Canister(id, callback) => {
                self.enqueue(
                    id,
                    Message::Response(Response {
                        callback,
                        outcome,
                        refund,
                    }),
                );
            }
            Origin::System => {}
        }
    }

    /// A stopping canister stops when its last call is closed.
    pub fn stop_if_done(&mut self, id: Principal) {
        let Some(canister) = self.canisters.get_mut(&id) else {
            return;
        };
        if !matches!(canister.status, Status::Stopping(_)) || !canister.calls.is_empty() {
            return;
        }
        let before = std::mem::replace(&mut canister.status, Status::Stopped);
        canister.version += 1;
        self.changed.entry(id).or_default();
        if let Status::Stopping(waiting) = before {
            for request in waiting {
                let reply = Ok(management::empty_reply());
                self.respond(request.origin, reply, request.cycles);
            }
        }
    }
}
