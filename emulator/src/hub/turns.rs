//! Turns: handed to a worker with their history, and committed when it answers.

use std::collections::VecDeque;
use std::sync::Arc;

use durascope_engine::Instance;
use durascope_engine::Kind;
use durascope_engine::Phase;
use durascope_engine::deliver::Entry;
use durascope_engine::deliver::Message;
use durascope_engine::entity::Caller;
use durascope_engine::history;
use durascope_engine::ready::Patience;
use durascope_engine::turn;
use durascope_engine::turn::Answer;
use durascope_engine::turn::Commit;
use durascope_engine::turn::Surroundings;
use durascope_engine::turn::Turn;
use durascope_engine::turn::TurnMessage;
use durascope_proto::OrchestrationStatus;
use durascope_proto::OrchestrationTraceContext;
use durascope_proto::OrchestratorResponse;
use prost::Message as _;

use super::HubError;
use super::cache::Ready;
use super::core::Core;
use super::effects::Effect;
use super::endings::Oversized;
use super::instances::FollowUp;
use super::instances::fresh_id;
use crate::dispatch::GroupKey;
use crate::dispatch::Held;
use crate::dispatch::Lease;
use crate::dispatch::ReadyTurn;
use crate::dispatch::StreamId;
use crate::dispatch::Token;
use crate::dispatch::WorkKind;
use crate::dispatch::wire;
use crate::live::HubKey;
use crate::live::InstanceKey;
use crate::store::StoreError;
use crate::store::load;
use crate::store::writer;

/// Parts of one answer that are kept at most.
const PARTS_MAX: usize = 1_000;

/// What became of a turn that was to be handed out.
enum Sending {
    Sent,
    /// There is nothing to do.
    Nothing,
    /// It fits only workers that read its history as a stream, and one is connected.
    Elsewhere,
    /// It fits nobody.
    Refused(Box<Oversized>),
}

impl Core {
    /// Sends a turn to a stream. Without messages there is none, and the instance is idle.
    pub(super) fn send_turn(
        &mut self,
        hub: HubKey,
        now_us: i64,
        stream: StreamId,
        ready: ReadyTurn,
    ) {
        let stream = self.keeper(hub, stream, &ready);
        match self.try_send_turn(hub, now_us, stream, &ready) {
            Ok(Sending::Sent) => {}
            Ok(Sending::Elsewhere) => {
                let mut group = GroupKey::clone(&ready.group);
                group.large = true;
                let group = Arc::new(group);
                let turns = &mut self.dispatch.hub(hub).turns;
                turns.push_front(now_us, ReadyTurn { group, ..ready });
            }
            Ok(Sending::Refused(oversized)) => {
                self.refuse_turn(hub, now_us, stream, ready, &oversized);
            }
            Ok(Sending::Nothing) => {
                if let Some(live) = self.cache.peek(ready.key) {
                    live.ready = Ready::Idle;
                    live.missed = None;
                }
            }
            Err(error) => {
                tracing::error!(%error, "a turn could not be read and waits");
                self.dispatch.hub(hub).turns.defer(now_us, stream, ready);
            }
        }
    }

    fn try_send_turn(
        &mut self,
        hub: HubKey,
        now_us: i64,
        stream: StreamId,
        ready: &ReadyTurn,
    ) -> Result<Sending, StoreError> {
        let key = ready.key;
        let limits = self.limits;
        let Some(live) = self.cache.by_key(&self.db, key)? else {
            return Ok(Sending::Nothing);
        };
        if live.state.is_terminal() {
            return Ok(Sending::Nothing);
        }
        let Some(target) = self.dispatch.hub(hub).stream(stream) else {
            return Ok(Sending::Nothing);
        };
        let state = &live.state;
        let history_bytes = usize::try_from(state.counters.history_bytes).unwrap_or(usize::MAX);
        // What is streamed takes no room in the message.
        let with = match (target.history_streaming, target.reads_any_size) {
            (true, _) => history_bytes.min(limits.embedded_history_max()),
            (false, true) => 0,
            (false, false) => history_bytes,
        };
        let bytes_max = limits.turn_bytes_max(with);
        let (messages, prefix, more) =
            load::next_turn(&self.db, key, state.phase, now_us, bytes_max)?;
        if messages.is_empty() {
            return Ok(Sending::Nothing);
        }
        let trace = load::trace(&self.db, key)?
            .and_then(|bytes| OrchestrationTraceContext::decode(&*bytes).ok());
        let turn = Turn::new(now_us, state, messages);
        let token = Token::fresh();
        let mut head = wire::TurnHead {
            instance_id: state.id.to_string(),
            execution: state.execution.to_string(),
            trace,
            streams_history: false,
            kept: live.kept_by(stream),
        };
        let news_bytes = wire::turn_bytes(&head, &turn);
        let whole_bytes = news_bytes.saturating_add(history_bytes);
        let fits_whole = target.reads_any_size || whole_bytes <= limits.sent_bytes_max;
        let fits_streamed = news_bytes <= limits.sent_bytes_max;
        head.streams_history = target.history_streaming
            && (history_bytes > limits.embedded_history_max() || !fits_whole);
        if !fits_streamed || !(fits_whole || head.streams_history) {
            if fits_streamed && self.dispatch.hub(hub).takes_large(&ready.group) {
                return Ok(Sending::Elsewhere);
            }
            return Ok(Sending::Refused(Box::new(Oversized {
                turn,
                prefix,
                news_bytes,
                history_bytes,
            })));
        }
        // Whether it fits was decided for the whole of it: one day it will be replayed.
        let without_past = head.kept.is_some();
        head.streams_history &= !without_past;
        let past = if without_past || head.streams_history || state.counters.history_chunks == 0 {
            Vec::new()
        } else {
            load::chunks(&self.db, key)?
        };
        let item = wire::turn_item(&head, &past, &turn, token);
        // The answer to a rewind is a history, and no execution that goes on.
        let sticky = target.sticky && state.phase != Phase::Rewinding;
        let sent = target.hand_out(now_us, WorkKind::Turn, item);
        live.ready = Ready::Out;
        // Timers that did not fit are not counted among the waiting messages.
        live.missed = more.then_some(Patience::Short);
        let held = Held::Turn {
            key,
            instance_id: Arc::clone(&state.id),
            group: Arc::clone(&ready.group),
            abandoned: ready.abandoned,
            turn,
            prefix,
            sticky,
            without_past,
            parts: std::collections::BTreeMap::new(),
        };
        let lease = Lease {
            hub,
            stream,
            since_us: now_us,
            held,
        };
        self.dispatch.leases.insert(token, lease);
        if !sent {
            // It has ended, or is so far behind that what it was told cannot reach it any more.
            self.disconnect(hub, stream);
        }
        Ok(Sending::Sent)
    }

    pub(super) fn complete_turn(
        &mut self,
        hub: HubKey,
        mut response: OrchestratorResponse,
    ) -> Result<(), HubError> {
        let token = if response.completion_token.is_empty() {
            let token = self.dispatch.leases.turn_of(hub, &response.instance_id);
            self.answers_without_tokens(token);
            token
        } else {
            Token::parse(&response.completion_token)
        };
        let lease = token.and_then(|token| {
            let lease = self.dispatch.leases.get_mut(token)?;
            (lease.hub == hub).then_some((token, lease))
        });
        let Some((token, lease)) = lease else {
            tracing::debug!("a completion without a current token changes nothing");
            return Ok(());
        };
        let Held::Turn { parts, .. } = &mut lease.held else {
            return Ok(());
        };
        #[expect(deprecated, reason = "Java and .NET still answer in parts")]
        let (partial, index) = (response.is_partial, response.chunk_index);
        if partial {
            let index = index.unwrap_or(0);
            // Parts are retried, and a part that came twice counts once.
            if parts.len() >= PARTS_MAX && !parts.contains_key(&index) {
                return Err(HubError::LimitReached(format!(
                    "an answer in more than {PARTS_MAX} parts: isPartial with chunkIndex {index}"
                )));
            }
            parts.insert(index, response);
            return Ok(());
        }
        let chunked = !parts.is_empty();
        if chunked {
            response = joined(parts.values().cloned(), response);
        }
        let Some(lease) = self.dispatch.leases.take(token) else {
            return Ok(());
        };
        if response.requires_history {
            self.send_whole(lease);
            return Ok(());
        }
        let keeper = lease.keeper();
        let answer = Answer {
            actions: response.actions,
            custom_status: response.custom_status,
            events_processed: response.num_events_processed.filter(|_| !chunked),
            trace: response.orchestration_trace_context,
        };
        let applied = self.apply_answer(&lease, answer);
        let (key, since_us) = (lease.held.instance(), lease.since_us);
        self.effect(Effect::Freed {
            token,
            lease: Box::new(lease),
        });
        if let Some(key) = key {
            self.effect(Effect::TurnDone {
                key,
                since_us,
                keeper,
            });
        }
        self.settle(applied?)?;
        Ok(())
    }

    fn apply_answer(
        &mut self,
        lease: &Lease,
        answer: Answer,
    ) -> Result<VecDeque<FollowUp>, StoreError> {
        let mut follow_ups = VecDeque::new();
        let Held::Turn {
            key, turn, prefix, ..
        } = &lease.held
        else {
            return Ok(follow_ups);
        };
        let now_us = self.clock.tick();
        let Some(live) = self.cache.by_key(&self.db, *key)? else {
            return Ok(follow_ups);
        };
        if live.state.is_terminal() {
            return Ok(follow_ups);
        }
        let (hub, state) = (live.hub, live.state.clone());
        if state.phase == Phase::Rewinding {
            self.apply_rewind(*key, &state, (turn, *prefix), answer, &mut follow_ups)?;
            return Ok(follow_ups);
        }
        let surroundings = if answer.continues_as_new() {
            self.surroundings(*key, turn, &answer)?
        } else {
            Surroundings::default()
        };
        let commit = match self.refuse_answer(hub, &answer) {
            Some(details) => turn::fail(now_us, &state, turn, details),
            None => turn::apply(now_us, &state, turn, answer, surroundings, &fresh_id()),
        };
        if let Some(left) = turn.messages.get(commit.consumed) {
            let kind = left.kind;
            self.effect(Effect::Arrived { key: *key, kind });
        }
        self.commit_turn(*key, &state, Some((turn, *prefix)), commit, &mut follow_ups)?;
        Ok(follow_ups)
    }

    fn surroundings(
        &self,
        key: InstanceKey,
        turn: &Turn,
        answer: &Answer,
    ) -> Result<Surroundings, StoreError> {
        let started = load::find_chunk(&self.db, key, |chunk| {
            history::events(chunk).find_map(|event| turn::started_event(&event))
        })?;
        let consumed = turn.messages[..turn.consumed(answer)]
            .iter()
            .filter(|message| {
                matches!(
                    message.kind,
                    Kind::Event | Kind::Suspend | Kind::Resume | Kind::Terminate
                )
            });
        let consumed = u32::try_from(consumed.count()).unwrap_or(u32::MAX);
        let unbound_waiting = load::unbound_waiting(&self.db, key)?.saturating_sub(consumed);
        Ok(Surroundings {
            started,
            unbound_waiting,
        })
    }

    /// Writes what a turn decided. `turn` is what was handed out, with whether its messages are
    /// a prefix of the inbox; a server-made end has none.
    pub(super) fn commit_turn(
        &mut self,
        key: InstanceKey,
        before: &Instance,
        turn: Option<(&Turn, bool)>,
        commit: Commit,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        let Commit {
            after,
            renews,
            chunks,
            consumed,
            first_entries,
            entries,
            payloads,
            tags,
            trace,
            activities,
            children,
            sent,
            entities,
            terminations,
            ended,
        } = commit;
        let Some(live) = self.cache.peek(key) else {
            return Ok(());
        };
        let (hub, origin, group) = (live.hub, Arc::clone(&live.origin), Arc::clone(&live.group));
        let over = renews || ended.is_some();

        let last = self.consume(key, turn, consumed, ended.is_some())?;
        if renews {
            writer::delete_inbox_bound(&self.db, key)?;
            writer::delete_history(&self.db, key)?;
        } else {
            let counters = &before.counters;
            let (chunk, event) = (counters.history_chunks, counters.history_events);
            writer::append_history(&self.db, key, chunk, event, &chunks)?;
        }
        if over || trace.is_some() {
            writer::set_trace(&self.db, key, trace.as_ref().filter(|_| !over))?;
        }
        if let Some(tags) = &tags {
            writer::set_tags(&self.db, key, tags)?;
        }
        for change in &payloads {
            writer::change_payload(&self.db, key, change)?;
        }
        // It failed, and nobody waits for them: what fails fast must not run on. One that completes,
        // or is terminated, may have left some on purpose.
        let drops = ended.is_some() && after.status == OrchestrationStatus::Failed;
        let items = if drops {
            self.drop_activities(hub, key, &origin)?;
            Vec::new()
        } else {
            self.schedule(hub, key, &origin, activities, over)?
        };
        self.set_state(key, after.clone());
        self.put_first(key, last, &first_entries)?;
        for entry in &entries {
            self.put(key, entry)?;
        }
        if !items.is_empty() {
            self.effect(Effect::Activities {
                hub,
                origin,
                group,
                items,
            });
        }
        let asker = Arc::new(before.clone());
        for request in children {
            follow_ups.push_back(FollowUp::Child {
                parent: key,
                asker: Arc::clone(&asker),
                request,
            });
        }
        // For the execution that sent them: it may have continued as new in the same turn.
        for message in entities {
            follow_ups.push_back(FollowUp::Entity {
                hub,
                sender: Caller {
                    key: key.0,
                    execution: Arc::clone(&before.execution),
                },
                message,
            });
        }
        for event in sent {
            let message = Message::Raised {
                name: event.name,
                input: event.input,
            };
            follow_ups.push_back(FollowUp::Send {
                hub,
                id: event.instance_id,
                message,
            });
        }
        for terminate in terminations {
            let message = Message::Terminate {
                output: terminate.reason,
                recurse: terminate.recurse,
            };
            follow_ups.push_back(FollowUp::Send {
                hub,
                id: terminate.instance_id,
                message,
            });
        }
        self.publisher.count(hub, |counters| counters.turns += 1);
        if over {
            // Behind the unlocks that it sent itself.
            follow_ups.push_back(FollowUp::Release(key));
        }
        if let Some(ended) = ended {
            self.ended(hub, key, &after, ended, follow_ups);
        }
        Ok(())
    }

    fn ended(
        &mut self,
        hub: HubKey,
        key: InstanceKey,
        after: &Instance,
        ended: turn::Ended,
        follow_ups: &mut VecDeque<FollowUp>,
    ) {
        let failed = after.status == OrchestrationStatus::Failed;
        self.publisher.count(hub, |counters| {
            counters.ended += 1;
            counters.failed += u64::from(failed);
        });
        if let Some(output) = ended.terminate_children {
            // Behind the children that this very turn creates.
            follow_ups.push_back(FollowUp::TerminateTree { key, output });
        }
        if let Some(parent) = &after.parent {
            follow_ups.push_back(FollowUp::Deliver {
                key: InstanceKey(parent.key),
                message: Message::ChildResult {
                    execution: parent.execution.clone(),
                    task_id: parent.task_id,
                    result: ended.result,
                },
            });
        }
    }

    /// Takes the turn's messages out of the inbox; returns the place of the last one.
    pub(super) fn consume(
        &mut self,
        key: InstanceKey,
        turn: Option<(&Turn, bool)>,
        consumed: usize,
        ended: bool,
    ) -> Result<(i64, i64), StoreError> {
        if ended {
            writer::delete_inbox(&self.db, key)?;
        }
        let Some((turn, prefix)) = turn else {
            return Ok((0, 0));
        };
        let taken: &[TurnMessage] = &turn.messages[..consumed];
        let places = taken.iter().map(|message| (message.at_us, message.seq));
        let last = places.clone().max().unwrap_or((turn.started_us, 0));
        if ended || taken.is_empty() {
            return Ok(last);
        }
        if prefix {
            writer::delete_inbox_prefix(&self.db, key, last.0, last.1)?;
        } else {
            for (at_us, seq) in places {
                writer::delete_inbox_row(&self.db, key, at_us, seq)?;
            }
        }
        Ok(last)
    }

    /// Messages that come before everything that waits: they take the place of the last one
    /// that was consumed.
    pub(super) fn put_first(
        &mut self,
        key: InstanceKey,
        last: (i64, i64),
        entries: &[Entry],
    ) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        // What was skipped may stand before the last one that was consumed.
        let first = load::first_place(&self.db, key)?;
        let at_us = first.map_or(last.0, |first| last.0.min(first - 1));
        for entry in entries {
            let seq = self.clock.tick();
            writer::insert_inbox(&self.db, key, at_us, seq, entry)?;
            self.effect(Effect::Arrived {
                key,
                kind: entry.kind,
            });
        }
        Ok(())
    }
}

/// One answer from its parts; the first one carries the trace context.
fn joined(
    parts: impl Iterator<Item = OrchestratorResponse>,
    last: OrchestratorResponse,
) -> OrchestratorResponse {
    let mut whole = OrchestratorResponse::default();
    for part in parts.chain([last]) {
        whole.actions.extend(part.actions);
        whole.custom_status = part.custom_status.or(whole.custom_status);
        whole.orchestration_trace_context = whole
            .orchestration_trace_context
            .or(part.orchestration_trace_context);
    }
    whole
}
