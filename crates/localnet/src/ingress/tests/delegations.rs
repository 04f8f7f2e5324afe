//! Keys that act for another key.

use super::*;

#[test]
fn a_chain_of_delegations_of_all_kinds_of_keys() {
    let [owner, middle, session] = Key::of_every_kind();
    let chain = vec![
        owner.delegate(delegation_to(&middle)),
        middle.delegate(delegation_to(&session)),
    ];
    let content = call_from(owner.principal());
    let request = check(&delegated(
        &content,
        &owner.public(),
        &session,
        chain.clone(),
    ))
    .unwrap();
    assert_eq!(*request.content.sender(), owner.principal());

    let other_order = chain.iter().rev().cloned().collect();
    assert_refused!(
        delegated(&content, &owner.public(), &session, other_order),
        IngressError::Delegation(DelegationError::Signature { index: 0, .. })
    );
    // The last key of the chain has to sign, not one on the way.
    assert_refused!(
        delegated(&content, &owner.public(), &middle, chain),
        IngressError::Signature(_)
    );
}

#[test]
fn a_delegation_that_was_altered_is_refused() {
    let (owner, session) = (Key::ed25519(1), Key::ed25519(2));
    let content = call_from(owner.principal());
    let mut signed = owner.delegate(delegation_to(&session));
    signed.delegation.expiration += 1;
    assert_refused!(
        delegated(&content, &owner.public(), &session, vec![signed]),
        IngressError::Delegation(DelegationError::Signature { index: 0, .. })
    );
}

#[test]
fn delegations_expire() {
    let (owner, session) = (Key::ed25519(1), Key::ed25519(2));
    let content = call_from(owner.principal());
    let signed = owner.delegate(Delegation {
        expiration: NOW - 1,
        ..delegation_to(&session)
    });
    assert_refused!(
        delegated(&content, &owner.public(), &session, vec![signed]),
        IngressError::Delegation(DelegationError::Expired { index: 0, .. })
    );
}

#[test]
fn delegations_are_good_for_the_targets_that_all_of_them_name() {
    let (owner, middle, session) = (Key::ed25519(1), Key::ed25519(2), Key::ed25519(3));
    let other = Principal::from_slice(&[9]);
    let request = |first: &[Principal], second: Option<&[Principal]>| {
        let to = |key, targets: Option<&[Principal]>| Delegation {
            targets: targets.map(<[_]>::to_vec),
            ..delegation_to(key)
        };
        let chain = vec![
            owner.delegate(to(&middle, Some(first))),
            middle.delegate(to(&session, second)),
        ];
        let content = call_from(owner.principal());
        check(&delegated(&content, &owner.public(), &session, chain))
    };
    assert!(request(&[canister(), other], None).is_ok());
    let both = request(&[canister(), other], Some(&[canister()])).unwrap();
    assert_eq!(both.targets, Targets::Only(BTreeSet::from([canister()])));
    for refused in [
        request(&[other], None),
        request(&[], None),
        request(&[canister()], Some(&[other])),
    ] {
        assert!(matches!(
            refused.unwrap_err(),
            IngressError::CanisterNotDelegated(id) if id == canister()
        ));
    }
}

#[test]
fn a_delegation_for_queries_permits_no_call() {
    let (owner, session) = (Key::ed25519(1), Key::ed25519(2));
    let chain = vec![owner.delegate(Delegation {
        permissions: Some(DelegationPermissions::Queries),
        ..delegation_to(&session)
    })];
    let query = query_from(owner.principal());
    assert!(check(&delegated(&query, &owner.public(), &session, chain.clone())).is_ok());
    let call = call_from(owner.principal());
    assert_refused!(
        delegated(&call, &owner.public(), &session, chain),
        IngressError::UpdateNotDelegated
    );
}

#[test]
fn chains_are_bounded_and_lead_forward() {
    let keys: Vec<Key> = (1..=22).map(Key::ed25519).collect();
    let chain = |keys: &[Key]| -> Vec<SignedDelegation> {
        keys.windows(2)
            .map(|pair| pair[0].delegate(delegation_to(&pair[1])))
            .collect()
    };
    let content = call_from(keys[0].principal());
    let request = |keys: &[Key]| {
        delegated(
            &content,
            &keys[0].public(),
            keys.last().unwrap(),
            chain(keys),
        )
    };
    assert!(check(&request(&keys[..21])).is_ok());
    assert_refused!(
        request(&keys),
        IngressError::Delegation(DelegationError::TooMany { length: 21, .. })
    );
    let cycle = [keys[0].clone(), keys[1].clone(), keys[0].clone()];
    assert_refused!(
        request(&cycle),
        IngressError::Delegation(DelegationError::Cycle(1))
    );
    let many = owner_delegation_with_targets(&keys[0], &keys[1], 1001);
    assert_refused!(
        delegated(&content, &keys[0].public(), &keys[1], vec![many]),
        IngressError::Delegation(DelegationError::TooManyTargets { count: 1001, .. })
    );
}

fn owner_delegation_with_targets(owner: &Key, to: &Key, count: usize) -> SignedDelegation {
    owner.delegate(Delegation {
        targets: Some(vec![canister(); count]),
        ..delegation_to(to)
    })
}
