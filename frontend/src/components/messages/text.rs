//! A text as it is read.

use yew::prelude::*;

use crate::markdown::{self, Kind, Node};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub text: String,
    /// Whom it mentions.
    #[prop_or_default]
    pub mentions: Vec<String>,
}

#[component]
pub fn Markdown(props: &Props) -> Html {
    let nodes = use_memo(
        (props.text.clone(), props.mentions.clone()),
        |(text, mentions)| markdown::parse(text, mentions),
    );
    html! { <div class="text" dir="auto">{ all(&nodes) }</div> }
}

fn all(nodes: &[Node]) -> Html {
    nodes.iter().map(one).collect()
}

fn one(node: &Node) -> Html {
    match node {
        Node::Text(text) => text.into(),
        Node::Mention(name) => html! { <span class="mention">{ "@" }<bdi>{ name }</bdi></span> },
        Node::Break => html! { <br /> },
        Node::Rule => html! { <hr /> },
        Node::Code(code) => html! { <code dir="ltr">{ code }</code> },
        Node::CodeBlock(code) => html! { <pre dir="ltr" tabindex="0"><code>{ code }</code></pre> },
        Node::Link(url, within) => html! {
            <a href={url.clone()} target="_blank" rel="noopener noreferrer nofollow" title={url.clone()}>
                { all(within) }
            </a>
        },
        Node::Element(kind, within) => element(*kind, all(within)),
    }
}

fn element(kind: Kind, within: Html) -> Html {
    match kind {
        Kind::Paragraph => html! { <p dir="auto">{ within }</p> },
        Kind::Heading => html! { <p class="heading" dir="auto"><strong>{ within }</strong></p> },
        Kind::Emphasis => html! { <em>{ within }</em> },
        Kind::Strong => html! { <strong>{ within }</strong> },
        Kind::Strikethrough => html! { <s>{ within }</s> },
        Kind::Quote => html! { <blockquote>{ within }</blockquote> },
        Kind::List => html! { <ul>{ within }</ul> },
        Kind::Numbered(first) => html! { <ol start={first.to_string()}>{ within }</ol> },
        Kind::Item => html! { <li dir="auto">{ within }</li> },
    }
}
