//! Signing in on the page, through the identity provider's window, in a browser.

use anyhow::{Context, Result};
use e2e::{
    browser::{Browser, Window},
    page::LOBBY,
    stack::Stack,
};
use serde_json::{Value, json};

const SIGN_IN: &str = "#sign-in-button";
const PROBLEM: &str = "#sign-in-problem:not(:empty)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_sign_in_and_stay_who_they_are_until_they_sign_out() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let alice = browser.window(&stack.page_url).await?;
    alice.sign_in_as("Alice").await?;
    let bob = browser.window(&stack.page_url).await?;
    bob.sign_in_as("Bob").await?;
    for window in [&alice, &bob] {
        window.join_room(LOBBY).await?;
        window.show_members().await?;
    }

    alice.say("Hello, Bob").await?;
    bob.wait_for_message("Hello, Bob").await?;
    bob.say("Hello, Alice").await?;
    alice.wait_for_message("Hello, Alice").await?;
    let guests = "return [...document.querySelectorAll('.badge')].filter((it) => it.textContent === 'guest').length";
    assert_eq!(alice.execute(guests).await?, 0);

    // A guest is shown as one, to themselves and to others.
    let carol = browser.window(&stack.page_url).await?;
    carol.enter_lobby("Carol").await?;
    carol.wait_for_text("#own-name", "guest").await?;
    alice.wait_for_text("[data-name=Carol]", "guest").await?;
    carol.leave("Leave").await?;
    carol.close().await?;

    // The same person after a reload, without being asked anything.
    let id = alice.person_id("Alice").await?;
    alice.reload().await?;
    alice.wait_until_inside("Alice").await?;
    alice.show_members().await?;
    assert_eq!(alice.person_id("Alice").await?, id);
    alice.say("Still here").await?;
    bob.wait_for_message("Still here").await?;

    // Signing out ends it, for good.
    alice.leave("Sign out").await?;
    bob.wait_for_absence("Alice").await?;
    assert_eq!(kept_session(&alice).await?, Value::Null);
    alice.reload().await?;
    alice.wait_for(SIGN_IN).await?;

    // And signing in again is the same person again.
    alice.sign_in_as("Alice").await?;
    alice.open_room(LOBBY).await?;
    alice.show_members().await?;
    assert_eq!(alice.person_id("Alice").await?, id);

    alice.close().await?;
    bob.close().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_can_export_the_key_of_a_session() -> Result<()> {
    let (stack, _browser, window) = open_page().await?;
    window.sign_in_as("Alice").await?;
    assert_eq!(
        kept_session(&window).await?,
        json!({
            "type": "private",
            "algorithm": { "name": "ECDSA", "namedCurve": "P-256" },
            "extractable": false,
            "usages": ["sign"],
            "exported": ["InvalidAccessError", "InvalidAccessError"],
        })
    );
    window.close().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_keeps_somebody_from_signing_in_is_told() -> Result<()> {
    let (stack, _browser, window) = open_page().await?;
    window.type_name("Alice").await?;

    // The person refuses.
    window.click(SIGN_IN).await?;
    let page = window.enter_popup().await?;
    window.click("#refuse").await?;
    window.wait_for_popup_to_close(page).await?;
    problem(&window, "refused").await?;

    // They close the window.
    window.click(SIGN_IN).await?;
    let page = window.enter_popup().await?;
    window.wait_for("#choice:not([hidden])").await?;
    window.close_popup(page).await?;
    problem(&window, "closed").await?;

    // They think better of it: the window closes with the attempt.
    window.click(SIGN_IN).await?;
    let page = window.enter_popup().await?;
    window.leave_popup(page.clone()).await?;
    window.click("#cancel-sign-in-button").await?;
    window.wait_for_popup_to_close(page).await?;
    window.wait_for(SIGN_IN).await?;

    // The browser blocks it.
    window.execute("window.open = () => null").await?;
    window.click(SIGN_IN).await?;
    problem(&window, "blocked").await?;

    // The provider cannot be trusted with time, or with whom it delegates to.
    for (answer, told) in [
        ("chain.delegation.expiration = '1'", "expired"),
        ("chain.delegation.pubkey = 'AAAA'", "another key"),
        ("chain.signature = 'AAAA'", "not signed"),
        ("delete chain.delegation", "malformed"),
    ] {
        window.execute(&provider_that_answers(answer)).await?;
        window.click(SIGN_IN).await?;
        problem(&window, told).await?;
    }

    // After all that, signing in still works.
    window.reload().await?;
    window.sign_in_as("Alice").await?;
    window.close().await?;
    stack.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_expires_leads_back_to_the_entrance() -> Result<()> {
    let (stack, _browser, window) = open_page().await?;

    // A session of 450 seconds. Calls may take 240, so it can be used for 210.
    window.type_name("Alice").await?;
    window.click(SIGN_IN).await?;
    let page = window.enter_popup().await?;
    let provider_is_strict = "const post = window.fetch;
        window.fetch = (path, request) => {
            const body = { ...JSON.parse(request.body), maxTimeToLive: '450000000000' };
            return post(path, { ...request, body: JSON.stringify(body) });
        }";
    window.execute(provider_is_strict).await?;
    window.click("button[value=Alice]").await?;
    window.wait_for_popup_to_close(page).await?;
    window.wait_until_inside("Alice").await?;
    window.join_room(LOBBY).await?;
    window.say("in time").await?;
    window.wait_for_message("in time").await?;

    // Not so late that the page misses the canister, and asks the network what time it is.
    let later = "const now = Date.now; Date.now = () => now() + 250 * 1000";
    window.execute(later).await?;
    // Others are told who is typing, which has to be signed.
    window.wait_for("#composer").await?.send_keys("t").await?;
    problem(&window, "expired").await?;
    // The page's clock is right again, but nothing of the session is used any more.
    window.reload().await?;
    window.wait_for("#name-input").await?;
    window.close().await?;
    stack.stop().await
}

async fn open_page() -> Result<(Stack, Browser, Window)> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let window = browser.window(&stack.page_url).await?;
    Ok((stack, browser, window))
}

async fn problem(window: &Window, told: &str) -> Result<()> {
    let shown = window.wait_for_text(PROBLEM, told).await;
    shown.with_context(|| format!("the page should have told '{told}'"))
}

/// What WebCrypto and IndexedDB say of the key that is kept, and of attempts to export it.
async fn kept_session(window: &Window) -> Result<Value> {
    window
        .execute_async(
            "const opened = indexedDB.open('ic-ws-client', 1);
             opened.onsuccess = () => {
                 const get = opened.result.transaction('session').objectStore('session').get('session');
                 get.onsuccess = async () => {
                     const key = get.result?.privateKey;
                     if (!key) return done(null);
                     const { type, algorithm, extractable, usages } = key;
                     const exported = await Promise.all(['pkcs8', 'jwk'].map((format) =>
                         crypto.subtle.exportKey(format, key).then(() => 'exported', (error) => error.name)));
                     done({ type, algorithm, extractable, usages, exported });
                 };
             };",
        )
        .await
}

/// Has the page open a window that answers as a provider would, but for one thing.
fn provider_that_answers(change: &str) -> String {
    format!(
        "window.open = (url) => {{
             const frame = document.createElement('iframe');
             document.body.append(frame);
             const provider = frame.contentWindow;
             const answer = (id, result) => dispatchEvent(new MessageEvent('message', {{
                 source: provider, origin: new URL(url).origin, data: {{ jsonrpc: '2.0', id, result }},
             }}));
             provider.postMessage = ({{ id, method, params }}) => {{
                 if (method === 'icrc29_status') return answer(id, 'ready');
                 const expiration = String((BigInt(Date.now()) + 3600000n) * 1000000n);
                 const chain = {{ delegation: {{ pubkey: params.publicKey, expiration }}, signature: 'AAAA' }};
                 {change};
                 answer(id, {{ publicKey: '{ED25519_KEY}', signerDelegation: [chain] }});
             }};
             provider.close = () => frame.remove();
             return provider;
         }}"
    )
}

/// Of RFC 8410.
const ED25519_KEY: &str = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
