//! Coming, going, being put out; and who is what.

use super::*;

#[test]
fn who_leaves_hears_no_more() {
    let mut world = World::in_lobby(&[ALICE, BOB]);
    let left = world.act(BOB, Command::Leave { room: LOBBY });
    assert_eq!(told(&left, BOB), [Change::Exited { room: LOBBY }]);
    let gone = Change::Member {
        room: LOBBY,
        person: person(BOB),
        role: None,
        members: 1,
    };
    assert_eq!(told(&left, ALICE), [gone]);
    assert_eq!(told(&world.say(ALICE, LOBBY, "bye"), BOB), []);
    assert_eq!(world.rooms_of(BOB), [0; 0]);
    let reason = world.refused(BOB, Command::Leave { room: LOBBY });
    assert_eq!(reason, "You are not a member of this room.");
}

#[test]
fn an_owner_hands_over_before_leaving() {
    let mut world = World::in_lobby(&[ALICE, BOB, CAROL]);
    let leave = Command::Leave { room: LOBBY };
    let reason = world.refused(ALICE, leave.clone());
    assert_eq!(reason, "Make somebody else the owner first.");
    let demotion = world.refused(ALICE, set_role(LOBBY, ALICE, Role::Member));
    assert_eq!(demotion, "Make somebody else the owner first.");

    let handed = world.act(ALICE, set_role(LOBBY, BOB, Role::Owner));
    assert_eq!(told(&handed, CAROL).len(), 2, "both roles");
    let roles = [
        (ALICE, Role::Moderator),
        (BOB, Role::Owner),
        (CAROL, Role::Member),
    ];
    assert_eq!(world.roles(LOBBY), roles);
    world.act(ALICE, leave.clone());
    world.act(CAROL, leave.clone());
    world.act(BOB, leave);
    world.act(CAROL, Command::Join { room: LOBBY });
    assert_eq!(world.roles(LOBBY), [(CAROL, Role::Owner)]);
}

#[test]
fn only_owners_say_who_is_what() {
    let mut world = World::in_lobby(&[ALICE, BOB, CAROL]);
    world.act(ALICE, set_role(LOBBY, BOB, Role::Moderator));
    let reason = world.refused(BOB, set_role(LOBBY, CAROL, Role::Moderator));
    assert_eq!(reason, "Only the owner of this room may do that.");
    let reason = world.refused(ALICE, set_role(LOBBY, 9, Role::Moderator));
    assert_eq!(reason, "They are not a member of this room.");
    world.act(ALICE, set_role(LOBBY, BOB, Role::Member));
    assert_eq!(world.roles(LOBBY)[1], (BOB, Role::Member));
}

#[test]
fn a_private_room_is_entered_by_invitation_once() {
    let mut world = World::with(&[ALICE, BOB]);
    let room = world.create_room(ALICE, "Secret", Visibility::Private);
    let invited = world.act(ALICE, invite(room, BOB));
    let [Change::Invited(invitation), Change::Notified(notification)] = &told(&invited, BOB)[..]
    else {
        panic!("{invited:?}");
    };
    assert_eq!(
        (invitation.room.id, invitation.by.clone()),
        (room, person(ALICE))
    );
    assert_eq!(notification.kind, NotificationKind::Invitation);
    assert!(matches!(invited.last().unwrap().event, Event::Done { .. }));
    assert_eq!(world.overview(BOB).invitations.len(), 1);
    assert_eq!(world.history(BOB, room), Err(QueryError::NotAllowed));
    assert_eq!(told(&world.act(ALICE, invite(room, BOB)), BOB), [], "once");

    world.act(BOB, Command::Join { room });
    let overview = world.overview(BOB);
    assert_eq!(
        (overview.invitations, overview.notifications),
        (vec![], vec![])
    );
    let reason = world.refused(ALICE, invite(room, BOB));
    assert_eq!(reason, "They are a member of this room already.");
    world.act(BOB, Command::Leave { room });
    let reason = world.refused(BOB, Command::Join { room });
    assert_eq!(reason, "There is no such room.");
}

#[test]
fn an_invitation_is_declined_or_withdrawn() {
    let mut world = World::with(&[ALICE, BOB]);
    let room = world.create_room(ALICE, "Secret", Visibility::Private);
    let ended = Change::InvitationEnded { room };
    world.act(ALICE, invite(room, BOB));
    let declined = world.act(BOB, Command::Leave { room });
    assert_eq!(told(&declined, BOB), std::slice::from_ref(&ended));
    let lately = "An invitation of theirs to this room has come to nothing lately. Wait a day.";
    assert_eq!(world.refused(ALICE, invite(room, BOB)), lately);
    world.now += world.limits.invitation_pause;
    world.act(ALICE, invite(room, BOB));
    let withdrawn = world.act(ALICE, remove(room, BOB));
    assert_eq!(told(&withdrawn, BOB), [ended]);
    assert_eq!(world.overview(BOB).notifications, []);
    assert_eq!(world.refused(ALICE, invite(room, BOB)), lately);
    world.refused(BOB, Command::Join { room });
    let reason = world.refused(ALICE, invite(room, 9));
    assert_eq!(reason, "There is no such person.");
}

#[test]
fn of_the_invitations_to_a_room_that_becomes_private_those_of_moderators_stay() {
    const DAVE: u8 = 4;
    let mut world = World::in_lobby(&[ALICE, BOB]);
    world.welcome(&[CAROL, DAVE]);
    world.act(ALICE, invite(LOBBY, CAROL));
    world.act(BOB, invite(LOBBY, DAVE));
    let invited = |world: &World, reader| {
        let page = world.chat.view().invited(id(reader), LOBBY, None, 9)?;
        Ok::<_, QueryError>(page.people)
    };
    assert_eq!(
        invited(&world, ALICE),
        Ok(vec![person(CAROL), person(DAVE)])
    );
    assert_eq!(invited(&world, BOB), Err(QueryError::NotAllowed));

    let edit = Command::EditRoom {
        room: LOBBY,
        name: "Parlour".to_owned(),
        topic: String::new(),
        visibility: Visibility::Private,
    };
    let edited = world.act(ALICE, edit);
    let ended = Change::InvitationEnded { room: LOBBY };
    assert_eq!(told(&edited, DAVE), [ended]);
    assert_eq!(told(&edited, CAROL), []);
    assert_eq!(invited(&world, ALICE), Ok(vec![person(CAROL)]));
    world.refused(DAVE, Command::Join { room: LOBBY });
    world.act(CAROL, Command::Join { room: LOBBY });
    assert_eq!(invited(&world, ALICE), Ok(vec![]));
}

#[test]
fn members_invite_to_public_rooms_and_moderators_to_private_ones() {
    let mut world = World::in_lobby(&[ALICE, BOB]);
    world.welcome(&[CAROL]);
    world.act(BOB, invite(LOBBY, CAROL));
    let room = world.create_room(ALICE, "Secret", Visibility::Private);
    world.act(ALICE, invite(room, BOB));
    world.act(BOB, Command::Join { room });
    let reason = world.refused(BOB, invite(room, CAROL));
    assert_eq!(reason, "Only moderators of this room may do that.");
}

#[test]
fn moderators_put_out_those_of_lower_roles() {
    let mut world = World::in_lobby(&[ALICE, BOB, CAROL]);
    let reason = world.refused(BOB, remove(LOBBY, CAROL));
    assert_eq!(reason, "Only moderators of this room may do that.");
    world.act(ALICE, set_role(LOBBY, BOB, Role::Moderator));
    for upper in [ALICE, BOB] {
        for command in [remove(LOBBY, upper), ban(LOBBY, upper)] {
            let reason = world.refused(BOB, command);
            assert_eq!(reason, "You can do that only to members of a lower role.");
        }
    }
    world.look(key(CAROL, 0), LOBBY);
    let removed = world.act(BOB, remove(LOBBY, CAROL));
    assert_eq!(told(&removed, CAROL), [Change::Exited { room: LOBBY }]);
    let typing = Signal::Typing { room: LOBBY };
    assert_eq!(world.signal(key(BOB, 0), typing), [], "she looks away");
    let reason = world.refused(BOB, remove(LOBBY, CAROL));
    assert_eq!(reason, "They are not a member of this room.");
    world.act(CAROL, Command::Join { room: LOBBY });
}

#[test]
fn a_ban_lasts_until_it_is_lifted() {
    let mut world = World::in_lobby(&[ALICE, BOB]);
    world.welcome(&[CAROL]);
    world.act(ALICE, invite(LOBBY, CAROL));
    world.act(ALICE, ban(LOBBY, BOB));
    world.act(ALICE, ban(LOBBY, CAROL));
    world.act(ALICE, ban(LOBBY, CAROL));
    assert_eq!(world.overview(CAROL).invitations, []);
    for who in [BOB, CAROL] {
        let reason = world.refused(who, Command::Join { room: LOBBY });
        assert_eq!(reason, "You are banned from this room.");
    }
    let reason = world.refused(ALICE, invite(LOBBY, BOB));
    assert_eq!(reason, "They are banned from this room.");
    let reason = world.refused(ALICE, remove(LOBBY, BOB));
    assert_eq!(reason, "They are not a member of this room.");

    let view = world.chat.view();
    let first = view.banned(id(ALICE), LOBBY, None, 1).unwrap();
    assert_eq!(first.people, [person(BOB)]);
    let second = view.banned(id(ALICE), LOBBY, first.more_after, 1).unwrap();
    assert_eq!(
        (second.people, second.more_after),
        (vec![person(CAROL)], None)
    );
    let others = view.banned(id(BOB), LOBBY, None, 9);
    assert_eq!(others.map(drop), Err(QueryError::NotAllowed));

    world.act(ALICE, unban(LOBBY, BOB));
    world.act(ALICE, unban(LOBBY, BOB));
    world.act(BOB, Command::Join { room: LOBBY });
    let reason = world.refused(ALICE, ban(LOBBY, 9));
    assert_eq!(reason, "There is no such person.");
}

#[test]
fn members_are_listed_page_by_page() {
    let world = World::in_lobby(&[ALICE, BOB, CAROL]);
    let page = |after| world.chat.view().members(id(9), LOBBY, after, 2).unwrap();
    let first = page(None);
    assert_eq!(first.members.len(), 2);
    let second = page(first.more_after);
    assert_eq!(second.members[0].person, person(CAROL));
    assert_eq!(second.more_after, None);
}

#[test]
fn what_was_said_before_one_came_is_not_caught_up_with() {
    let mut world = World::in_lobby(&[ALICE, BOB]);
    world.act(BOB, Command::Leave { room: LOBBY });
    world.say(ALICE, LOBBY, "meanwhile");
    world.act(BOB, Command::Join { room: LOBBY });
    world.say(ALICE, LOBBY, "welcome back");
    let Since::Changes(page) = world.chat.view().since(id(BOB), 0, None, None, 100) else {
        panic!("all of it is kept");
    };
    let changes = page.changes.into_iter();
    let said = changes.filter_map(|logged| match logged.change {
        Change::Said { message, .. } => Some(message.text),
        _ => None,
    });
    assert_eq!(said.collect::<Vec<_>>(), ["welcome back"]);
}
