//! What is meant to do harm is shown, and does none.

use std::collections::BTreeSet;

use anyhow::Result;
use chat_api::{Command, MAX_TEXT_BYTES};
use e2e::{browser::Device, commands, page::LOBBY, person::Person};
use serde_json::json;

use crate::story::Story;

/// Texts that would set `window.harmed`, or load something from elsewhere, if they could.
const HARMFUL: [&str; 12] = [
    "<script>window.harmed = 1</script>",
    "<img src=x onerror='window.harmed = 1'>",
    "<svg onload='window.harmed = 1'><a href='javascript:window.harmed=1'>x</a></svg>",
    "<iframe srcdoc='<script>parent.harmed = 1</script>'></iframe>",
    "<style>body { display: none }</style>",
    "<base href='https://evil.example/'><form action='https://evil.example/'><button>Enter</button></form>",
    "[press me](javascript:window.harmed=1)",
    "[press me](JaVaScRiPt&colon;window.harmed=1)",
    "[press me](data:text/html,<script>opener.harmed=1</script>)",
    "[press me](vbscript:x) <javascript:window.harmed=1>",
    "![picture](https://evil.example/picture.png \"' onload='window.harmed=1\")",
    "`<script>` ```<script>window.harmed = 1</script>``` &lt;script&gt;window.harmed = 1&lt;/script&gt;",
];

/// What no message may have brought onto the page.
const FOREIGN: &str = "return [...document.querySelectorAll(
    '.text :is(script, img, svg, iframe, style, base, form, button, object, embed, [onerror], [onload], [style])')]
        .map((one) => one.outerHTML)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn harmful_texts_are_shown_and_do_nothing() -> Result<()> {
    let story = Story::begin().await?;
    let alice = story.desktop("<script>harmed=1</script>").await?;
    let bob = story.phone("<img src=x onerror=harmed=1>").await?;
    for text in HARMFUL {
        alice.paste(text).await?;
    }
    let last = "That was all";
    alice.paste(last).await?;
    for window in [&alice, &bob] {
        window.wait_for_message(last).await?;
        window.wait_for_message(HARMFUL[0]).await?;
        assert_eq!(
            window.execute("return window.harmed ?? null").await?,
            json!(null)
        );
        assert_eq!(window.execute(FOREIGN).await?, json!([]));
        let schemes = "return [...new Set([...document.querySelectorAll('.text a')].map((a) => a.protocol))].sort()";
        assert_eq!(window.execute(schemes).await?, json!(["https:"]));
        let tags = "return [...document.querySelectorAll('.text a')].every((a) =>
            a.rel.split(' ').includes('noopener') && a.target === '_blank')";
        assert_eq!(window.execute(tags).await?, json!(true));
        let fetched = window.fetched().await?;
        let own = |url: &String| {
            [
                &story.stack.page_url,
                &story.stack.gateway_url,
                &"data:".to_owned(),
            ]
            .iter()
            .any(|own| url.starts_with(own.as_str()))
        };
        assert!(fetched.iter().all(own), "{fetched:#?}");
    }
    story.end([alice, bob]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_policy_keeps_out_what_would_get_through() -> Result<()> {
    let story = Story::begin().await?;
    let alice = story.desktop("Alice").await?;
    assert_eq!(alice.complaints().await?, Vec::<String>::new());
    let inject = "const script = document.createElement('script');
        script.textContent = 'window.harmed = 1';
        document.body.append(script);
        const image = document.createElement('img');
        image.src = 'https://evil.example/picture.png';
        document.body.append(image);";
    alice.execute(inject).await?;
    let refused =
        "fetch('https://evil.example/').then(() => done('fetched'), () => done('refused'))";
    assert_eq!(alice.execute_async(refused).await?, json!("refused"));
    assert_eq!(
        alice.execute("return window.harmed ?? null").await?,
        json!(null)
    );
    let complaints = alice.complaints().await?;
    for directive in ["script-src", "img-src", "connect-src"] {
        assert!(
            complaints.iter().any(|it| it.contains(directive)),
            "{complaints:#?}"
        );
    }
    story.end([alice]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_breaks_the_page_by_size_or_direction() -> Result<()> {
    const OVERFLOWS: &str = "return [document.scrollingElement, ...document.querySelectorAll('.messages, .sidebar, .rooms')]
        .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.className)";
    /// That a text which turns around all that follows turns nothing but itself.
    const ISOLATED: &str =
        "return [...document.querySelectorAll('.message-text .text, .room-preview bdi')]
        .every((one) => getComputedStyle(one).unicodeBidi.includes('isolate'))";
    let story = Story::begin().await?;
    let alice = story.desktop("Alice").await?;
    let phone = story.phone("Bob").await?;

    // As long as may be, without a place to break it.
    let longest = "x".repeat(MAX_TEXT_BYTES);
    alice.click("#composer").await?;
    alice.write(&format!("{longest}x")).await?;
    alice
        .wait_for_words("This message is too long; shorten it a little.")
        .await?;
    alice.wait_for("#send-button[disabled]").await?;
    alice.press_keys(thirtyfour::Key::Backspace).await?;
    alice.press("Send").await?;
    phone.wait_for_message(&longest).await?;

    // Deeper than deep, higher than high, and backwards.
    alice.paste(&"> ".repeat(2_000)).await?;
    alice
        .paste(&format!("{}deep{}", "*a ".repeat(500), "*".repeat(500)))
        .await?;
    let tall = format!("Z{}", "\u{30d}".repeat(1_000));
    alice.paste(&tall).await?;
    let backwards = "\u{202e}txt.exe\u{2067}";
    alice.paste(backwards).await?;
    alice.paste("\u{5d0}\u{5d1}\u{5d2} (1)").await?;
    for window in [&alice, &phone] {
        window.wait_for_message(backwards).await?;
        assert_eq!(window.execute(OVERFLOWS).await?, json!([]));
        assert_eq!(window.execute(ISOLATED).await?, json!(true));
    }

    // As many emojis as may be, from many.
    let said = alice.number_of(backwards).await?;
    let mut crowd = vec![];
    for n in 0..6 {
        crowd.push(Person::join(&story.stack, &format!("Person {n}")).await?);
    }
    for person in &mut crowd {
        let mut last = None;
        for emoji in ('\u{1f600}'..).take(20) {
            last = Some(person.request(Command::React {
                room: commands::LOBBY,
                message: said,
                emoji: emoji.into(),
                on: true,
            })?);
        }
        person.settled(last.expect("twenty")).await?;
    }
    let one_more = crowd[0].request(Command::React {
        room: commands::LOBBY,
        message: said,
        emoji: "🦀".to_owned(),
        on: true,
    })?;
    assert!(
        crowd[0]
            .refusal(one_more)
            .await?
            .contains("different emojis")
    );
    phone.wait_for_text(".reaction-count", "6").await?;
    assert_eq!(phone.execute(OVERFLOWS).await?, json!([]));
    story.end([alice, phone]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_the_name_of_another_is_told_apart() -> Result<()> {
    let story = Story::begin().await?;
    let alice = story.desktop("Alice").await?;
    let other = story.desktop("alice").await?;
    alice.say("I am Alice").await?;
    other.say("No, I am").await?;
    alice.wait_for_message("No, I am").await?;
    let fingerprints = "return [...document.querySelectorAll('.message-head .fingerprint')].map((one) => one.title)";
    let shown: Vec<String> = alice.ask(fingerprints, []).await?;
    let [first, second] = shown.as_slice() else {
        anyhow::bail!("not told apart: {shown:?}");
    };
    assert_ne!(first, second);
    // Nor do letters of another alphabet hide it.
    let mut imitator = Person::join(&story.stack, "\u{410}lice").await?;
    let said = imitator.request(commands::saying(commands::LOBBY, "Believe me"))?;
    imitator.settled(said).await?;
    alice.wait_for_message("Believe me").await?;
    let shown: BTreeSet<String> = alice.ask(fingerprints, []).await?;
    assert_eq!(shown.len(), 3, "{shown:?}");

    // Nor is one taken for the other among the members, where one is written to, or where one is named.
    alice.show_members().await?;
    for name in ["Alice", "alice", "\u{410}lice"] {
        let member = format!("[data-testid=person][data-name='{name}']");
        alice.wait_for_text(&member, "namesake").await?;
    }
    alice.fill_in("Message Lobby", "@ali").await?;
    alice.wait_for_text("[role=option]", "namesake").await?;
    alice.press("New direct message").await?;
    alice.fill_in("Find people by name", "ali").await?;
    alice.wait_for_text("dialog .found", "namesake").await?;
    alice.press("Write alice").await?;
    alice.wait_for_text(".room-header", "namesake").await?;
    alice.press("About").await?;
    alice.wait_for_text("dialog .portrait", "namesake").await?;
    alice.close_panel().await?;
    alice.open_room(LOBBY).await?;

    let rims = "return [...document.querySelectorAll('article .avatar circle:last-of-type')]
        .map((rim) => rim.getAttribute('stroke') + rim.getAttribute('stroke-dasharray'))";
    let rims: Vec<String> = alice.ask(rims, []).await?;
    assert_ne!(rims[0], rims[1]);

    // What cannot be seen is in no name.
    let third = story.stranger(Device::Phone).await?;
    third.click("#name-input").await?;
    third.write("Al\u{200b}ice").await?;
    third.continue_as_guest().await?;
    third
        .wait_for_words("The name has invisible characters.")
        .await?;
    third
        .fill_in("What should people call you?", "Malice")
        .await?;
    third.press("Enter").await?;
    third.wait_until_inside("Malice").await?;
    third.find_and_join_room(LOBBY).await?;
    story.end([alice, other, third]).await
}
