//! Critical sections of orchestrations over entities: asked for, granted, ended.

use std::collections::VecDeque;

use durascope_engine::deliver::Message;
use durascope_engine::deliver::TaskResult;
use durascope_engine::entity;
use durascope_engine::entity::Caller;
use durascope_engine::entity::EntityId;
use durascope_engine::entity::Kind;
use durascope_engine::entity::Lock;
use durascope_engine::entity::Reply;
use durascope_engine::entity::Request;
use durascope_engine::turn::EntityMessage;
use durascope_proto::EntityLockRequestedEvent;
use durascope_proto::TaskFailureDetails;

use super::HubError;
use super::core::Core;
use super::effects::Effect;
use super::entities::answer;
use super::instances::FollowUp;
use crate::live::EntityKey;
use crate::live::HubKey;
use crate::live::InstanceKey;
use crate::store::StoreError;
use crate::store::entities;
use crate::store::entities::Entity;
use crate::store::entities::Head;

impl Core {
    /// Takes what an orchestration sends to an entity.
    pub(super) fn send_to_entity(
        &mut self,
        hub: HubKey,
        sender: Caller,
        message: EntityMessage,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        let now_us = self.clock.tick();
        match message {
            EntityMessage::Signal(signal) => match entity::signal(now_us, signal) {
                Ok((id, entry)) => self.put_entity(hub, &id, &entry, follow_ups),
                Err(refused) => {
                    tracing::warn!(%refused, "a signal of an orchestration goes nowhere");
                    Ok(())
                }
            },
            EntityMessage::Call(call) => {
                let request = call.request_id.as_str().into();
                match entity::call(now_us, sender.clone(), call) {
                    Ok((id, entry)) => self.put_entity(hub, &id, &entry, follow_ups)?,
                    Err(refused) => follow_ups.push_back(answer(Reply {
                        caller: sender,
                        request,
                        result: TaskResult::Failed(TaskFailureDetails {
                            error_type: "InvalidEntityId".to_owned(),
                            error_message: refused.to_string(),
                            ..Default::default()
                        }),
                    })),
                }
                Ok(())
            }
            EntityMessage::Lock(request) => self.request_lock(hub, sender, request, follow_ups),
            EntityMessage::Unlock(unlock) => {
                let target = unlock.target_instance_id.unwrap_or_default();
                self.unlock(hub, &sender, &target, follow_ups)
            }
        }
    }

    /// A section stands in the inbox of each of its entities from now on.
    fn request_lock(
        &mut self,
        hub: HubKey,
        sender: Caller,
        event: EntityLockRequestedEvent,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        let request = match Request::new(&event) {
            Ok(request) => request,
            Err(refused) => {
                // The engine has failed the orchestration for it.
                tracing::warn!(%refused, "a critical section cannot begin");
                return Ok(());
            }
        };
        if request.entities.is_empty() {
            follow_ups.push_back(granted(&sender, &request));
            return Ok(());
        }
        let now_us = self.clock.tick();
        let entry = Request::entry(now_us, sender, event);
        // It begins at all of them or at none: one look is enough.
        let mut looks = VecDeque::new();
        for id in &request.entities {
            self.put_entity(hub, id, &entry, &mut looks)?;
        }
        follow_ups.extend(looks.pop_back());
        Ok(())
    }

    /// Looks at what comes first at an entity: operations go to a worker, a section may begin,
    /// and an entity that has nothing left goes.
    pub(super) fn consider(
        &mut self,
        key: EntityKey,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        if entities::delete_empty(&self.db, key)? {
            return Ok(());
        }
        let Some(entity) = entities::by_key(&self.db, key)? else {
            return Ok(());
        };
        let now_us = self.clock.now();
        let head = entities::head(&self.db, key, now_us)?;
        match head {
            None => Ok(()),
            Some(head) if head.kind == Kind::Lock && entity.lock.is_none() => {
                self.try_grant(entity.hub, &head, follow_ups)
            }
            Some(_) => {
                let (hub, name) = (entity.hub, entity.id.name().into());
                self.effect(Effect::EntityReady { hub, key, name });
                Ok(())
            }
        }
    }

    /// Begins a section if it comes first at all of its entities and all of them are free.
    fn try_grant(
        &mut self,
        hub: HubKey,
        head: &Head,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        let (Some(caller), Some(request)) = (&head.caller, Request::of_entry(&head.event)) else {
            return Err(StoreError::corrupt(
                "a lock request does not decode".to_owned(),
            ));
        };
        let mut free = Vec::with_capacity(request.entities.len());
        for id in &request.entities {
            match self.first_in_line(hub, id, head)? {
                Some(key) => free.push(key),
                None => return Ok(()),
            }
        }
        let owner = self.cache.by_key(&self.db, InstanceKey(caller.key))?;
        let owner_id = owner
            .filter(|live| !live.state.is_terminal() && live.state.execution == caller.execution)
            .map(|live| std::sync::Arc::clone(&live.state.id));
        for key in &free {
            entities::delete_request(&self.db, *key, caller, &request.section)?;
        }
        let Some(owner_id) = owner_id else {
            // Its execution has ended; whoever stands behind it is next.
            follow_ups.extend(free.into_iter().map(FollowUp::Consider));
            return Ok(());
        };
        let lock = Lock {
            owner: caller.clone(),
            owner_id,
            section: request.section.clone(),
        };
        let now_us = self.clock.now();
        for key in &free {
            entities::set_lock(&self.db, *key, Some(&lock), now_us)?;
        }
        follow_ups.push_back(granted(caller, &request));
        // Calls of the owner that stood behind the request are for now.
        follow_ups.extend(free.into_iter().map(FollowUp::Consider));
        Ok(())
    }

    /// The key of an entity that is free and at which this request comes first.
    fn first_in_line(
        &self,
        hub: HubKey,
        id: &EntityId,
        request: &Head,
    ) -> Result<Option<EntityKey>, StoreError> {
        let Some(Entity {
            key, lock: None, ..
        }) = entities::by_id(&self.db, hub, id)?
        else {
            return Ok(None);
        };
        if self.dispatch.leases.of_entity(key).is_some() {
            return Ok(None);
        }
        let head = entities::head(&self.db, key, self.clock.now())?;
        let is_it = head.is_some_and(|head| {
            head.kind == Kind::Lock
                && head.caller == request.caller
                && head.request == request.request
        });
        Ok(is_it.then_some(key))
    }

    /// Ends a section at one entity. One that is not held by the sender stays as it is.
    fn unlock(
        &mut self,
        hub: HubKey,
        sender: &Caller,
        target: &str,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        let Ok(id) = EntityId::parse("targetInstanceId", target) else {
            return Ok(());
        };
        let Some(entity) = entities::by_id(&self.db, hub, &id)? else {
            return Ok(());
        };
        if entity.lock.is_some_and(|lock| lock.owner.key == sender.key) {
            entities::set_lock(&self.db, entity.key, None, self.clock.now())?;
            follow_ups.push_back(FollowUp::Consider(entity.key));
        }
        Ok(())
    }

    /// An execution is over, however that came about: what it holds is free, and it waits for
    /// nothing more.
    pub(super) fn release_locks(
        &mut self,
        owner: InstanceKey,
        follow_ups: &mut VecDeque<FollowUp>,
    ) -> Result<(), StoreError> {
        for key in entities::held_by(&self.db, owner)? {
            entities::set_lock(&self.db, key, None, self.clock.now())?;
            follow_ups.push_back(FollowUp::Consider(key));
        }
        let stood = entities::withdraw_requests(&self.db, owner)?;
        follow_ups.extend(stood.into_iter().map(FollowUp::Consider));
        Ok(())
    }

    /// Whether an instance holds any entity.
    pub(super) fn holds_locks(&self, owner: InstanceKey) -> Result<bool, HubError> {
        Ok(!entities::held_by(&self.db, owner)?.is_empty())
    }

    /// After a start: locks whose holder has ended are free, and sections that can begin do.
    pub(super) fn recover_sections(&mut self) -> Result<(), StoreError> {
        let mut follow_ups = VecDeque::new();
        for key in entities::locked(&self.db)? {
            let Some(lock) = entities::by_key(&self.db, key)?.and_then(|it| it.lock) else {
                continue;
            };
            let owner = self.cache.by_key(&self.db, InstanceKey(lock.owner.key))?;
            let holds = owner.is_some_and(|live| {
                !live.state.is_terminal() && live.state.execution == lock.owner.execution
            });
            if !holds {
                tracing::warn!(owner = ?lock.owner_id, "a lock had outlived its holder");
                entities::set_lock(&self.db, key, None, self.clock.now())?;
                follow_ups.push_back(FollowUp::Consider(key));
            }
        }
        for key in entities::waiting(&self.db)? {
            follow_ups.push_back(FollowUp::Consider(key));
        }
        self.settle(follow_ups)
    }
}

fn granted(owner: &Caller, request: &Request) -> FollowUp {
    FollowUp::Deliver {
        key: InstanceKey(owner.key),
        message: Message::LockGranted {
            execution: owner.execution.clone(),
            section: request.section.clone(),
        },
    }
}
