//! What people write, as a tree that can show text and do nothing: no HTML, no images, no links but to pages and mailboxes.
//!
//! Whatever Markdown has beyond that is shown as it was written.

use std::mem;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// How deep things may be within each other; what is deeper is shown flat.
const MAX_DEPTH: usize = 12;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Plain text.
    Text(String),
    /// The name of somebody who is mentioned.
    Mention(String),
    /// The end of a line.
    Break,
    /// A line between parts.
    Rule,
    /// Code within a line.
    Code(String),
    /// Lines of code.
    CodeBlock(String),
    /// Something that leads elsewhere.
    Link(String, Vec<Node>),
    /// Something set apart.
    Element(Kind, Vec<Node>),
}

/// How something is set apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A paragraph.
    Paragraph,
    /// A heading.
    Heading,
    /// With stress.
    Emphasis,
    /// With weight.
    Strong,
    /// Struck out.
    Strikethrough,
    /// Somebody else's words.
    Quote,
    /// A list.
    List,
    /// A list with numbers from here on.
    Numbered(u64),
    /// An item of a list.
    Item,
}

/// The text as a tree, in which these names are mentions where an `@` is before them.
pub fn parse(text: &str, names: &[String]) -> Vec<Node> {
    let mut builder = Builder {
        names,
        open: Vec::new(),
        nodes: Vec::new(),
        text: String::new(),
    };
    for event in Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH) {
        builder.event(event);
    }
    builder.finish()
}

/// The text without what sets it apart, in one line.
pub fn plain(text: &str) -> String {
    let mut plain = String::new();
    for event in Parser::new_ext(text, Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                plain.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak | Event::Rule => plain.push(' '),
            Event::End(tag) if !is_inline(tag) => plain.push(' '),
            _ => {}
        }
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_inline(tag: TagEnd) -> bool {
    matches!(
        tag,
        TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image
    )
}

/// What is begun and not ended.
enum Open {
    Element(Kind),
    Link(String),
    CodeBlock,
    /// Shown as what it holds.
    Flat,
}

struct Builder<'a> {
    names: &'a [String],
    /// What is open, each with what stands before it in what holds it.
    open: Vec<(Open, Vec<Node>)>,
    nodes: Vec<Node>,
    /// Text comes in pieces, and a name or an address may be in several.
    text: String,
}

impl Builder<'_> {
    fn event(&mut self, event: Event) {
        match event {
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                self.text.push_str(&text);
            }
            Event::Code(code) => self.push(Node::Code(code.into_string())),
            Event::SoftBreak | Event::HardBreak => self.push(Node::Break),
            Event::Rule => self.push(Node::Rule),
            Event::Start(tag) => self.start(tag),
            Event::End(_) => self.end(),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag) {
        self.flush();
        let open = match tag {
            _ if self.open.len() >= MAX_DEPTH => Open::Flat,
            Tag::Paragraph | Tag::HtmlBlock => Open::Element(Kind::Paragraph),
            Tag::Heading { .. } => Open::Element(Kind::Heading),
            Tag::BlockQuote(_) => Open::Element(Kind::Quote),
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => Open::CodeBlock,
            Tag::List(None) => Open::Element(Kind::List),
            Tag::List(Some(first)) => Open::Element(Kind::Numbered(first)),
            Tag::Item => Open::Element(Kind::Item),
            Tag::Emphasis => Open::Element(Kind::Emphasis),
            Tag::Strong => Open::Element(Kind::Strong),
            Tag::Strikethrough => Open::Element(Kind::Strikethrough),
            // Where a link leads is seen, also where an image was meant: nothing is loaded without being asked for.
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } if is_safe(&dest_url) => {
                Open::Link(dest_url.into_string())
            }
            _ => Open::Flat,
        };
        let before = mem::take(&mut self.nodes);
        self.open.push((open, before));
    }

    fn end(&mut self) {
        let Some((open, before)) = self.open.pop() else {
            return;
        };
        let node = match open {
            Open::CodeBlock => {
                let code = mem::take(&mut self.text);
                self.nodes = before;
                return self.nodes.push(Node::CodeBlock(code.trim_end().to_owned()));
            }
            Open::Flat => {
                self.flush();
                let within = mem::replace(&mut self.nodes, before);
                return self.nodes.extend(within);
            }
            Open::Element(kind) => {
                self.flush();
                Node::Element(kind, mem::take(&mut self.nodes))
            }
            Open::Link(url) => {
                let text = mem::take(&mut self.text);
                self.push_plain(text);
                let mut within = mem::take(&mut self.nodes);
                if within.is_empty() {
                    within.push(Node::Text(url.clone()));
                }
                Node::Link(url, within)
            }
        };
        self.nodes = before;
        self.nodes.push(node);
    }

    fn finish(mut self) -> Vec<Node> {
        while !self.open.is_empty() {
            self.end();
        }
        self.flush();
        self.nodes
    }

    fn push(&mut self, node: Node) {
        self.flush();
        self.nodes.push(node);
    }

    fn push_plain(&mut self, text: String) {
        if !text.is_empty() {
            self.nodes.push(Node::Text(text));
        }
    }

    /// Sets addresses and mentions in the text apart, in one pass.
    fn flush(&mut self) {
        let text = mem::take(&mut self.text);
        let is_in_link = self
            .open
            .iter()
            .any(|(open, _)| matches!(open, Open::Link(_)));
        let mut end = 0;
        for (at, _) in text.match_indices(['@', 'h']) {
            if !is_in_link
                && let Some(before) = text.get(end..at)
                && let Some((length, node)) = leading(text.split_at(at).1, self.names)
            {
                self.push_plain(before.to_owned());
                self.nodes.push(node);
                end = at + length;
            }
        }
        self.push_plain(text.split_at(end).1.to_owned());
    }
}

/// The address or mention that the text begins with, and its length.
fn leading(text: &str, names: &[String]) -> Option<(usize, Node)> {
    if let Some(text) = text.strip_prefix('@') {
        let names = names.iter().filter(|name| text.starts_with(*name));
        // Of two names that begin alike, the longer one is meant.
        let name = names.max_by_key(|name| name.len())?;
        return (!name.is_empty()).then(|| (1 + name.len(), Node::Mention(name.clone())));
    }
    let mut schemes = ["https://", "http://"].iter();
    let scheme = schemes.find(|scheme| text.starts_with(**scheme))?;
    let url = text
        .split(|c: char| c.is_whitespace() || "<>\"".contains(c))
        .next()?;
    let url = url.trim_end_matches(['.', ',', ':', ';', '!', '?', ')', ']', '\'', '*', '_']);
    let link = || Node::Link(url.to_owned(), vec![Node::Text(url.to_owned())]);
    (url.len() > scheme.len()).then(|| (url.len(), link()))
}

fn is_safe(url: &str) -> bool {
    let url = url.trim_start().to_ascii_lowercase();
    ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Node {
        Node::Text(text.to_owned())
    }

    fn paragraph(nodes: Vec<Node>) -> Vec<Node> {
        vec![Node::Element(Kind::Paragraph, nodes)]
    }

    fn parsed(text: &str) -> Vec<Node> {
        parse(text, &["Ada".to_owned(), "Ada Lovelace".to_owned()])
    }

    #[test]
    fn what_sets_text_apart_is_understood() {
        let strong = Node::Element(Kind::Strong, vec![text("b")]);
        assert_eq!(
            parsed("a **b** c"),
            paragraph(vec![text("a "), strong, text(" c")])
        );
        assert_eq!(
            parsed("`x<y`"),
            paragraph(vec![Node::Code("x<y".to_owned())])
        );
        assert_eq!(
            parsed("a\nb"),
            paragraph(vec![text("a"), Node::Break, text("b")])
        );
        assert_eq!(
            parsed("```rust\nlet x;\n\nx\n```"),
            [Node::CodeBlock("let x;\n\nx".to_owned())]
        );
    }

    #[test]
    fn html_is_text() {
        for html in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)>",
            "<b>x",
        ] {
            let tree = format!("{:?}", parsed(html));
            assert!(tree.contains("Text(\""), "{tree}");
            assert!(!tree.contains("Link"), "{tree}");
            assert_eq!(plain(html), html);
        }
    }

    #[test]
    fn links_lead_to_pages_and_mailboxes_only() {
        for (url, is_link) in [
            ("https://example.org", true),
            ("HTTP://example.org", true),
            ("mailto:a@example.org", true),
            ("javascript:alert(1)", false),
            ("JaVaScRiPt:alert(1)", false),
            ("data:text/html,x", false),
            ("//example.org", false),
            ("/path", false),
        ] {
            let tree = parsed(&format!("[x]({url})"));
            let expected = match is_link {
                true => Node::Link(url.to_owned(), vec![text("x")]),
                false => text("x"),
            };
            assert_eq!(tree, paragraph(vec![expected]), "{url}");
        }
    }

    #[test]
    fn images_are_links() {
        let link = Node::Link("https://example.org/x.png".to_owned(), vec![text("x")]);
        assert_eq!(
            parsed("![x](https://example.org/x.png)"),
            paragraph(vec![link])
        );
    }

    #[test]
    fn addresses_are_found() {
        let url = "https://example.org/a_(b)?c=d";
        let link = Node::Link(url.to_owned(), vec![text(url)]);
        assert_eq!(
            parsed(&format!("see {url}, now")),
            paragraph(vec![text("see "), link, text(", now")])
        );
        assert_eq!(parsed("https://"), paragraph(vec![text("https://")]));
        let link = Node::Link("http://b".to_owned(), vec![text("http://b")]);
        assert_eq!(
            parsed("https:// or http://b"),
            paragraph(vec![text("https:// or "), link])
        );
    }

    #[test]
    fn the_longer_name_is_meant() {
        let mention = Node::Mention("Ada Lovelace".to_owned());
        assert_eq!(
            parsed("hi @Ada Lovelace!"),
            paragraph(vec![text("hi "), mention, text("!")])
        );
        assert_eq!(parsed("hi @Bob"), paragraph(vec![text("hi @Bob")]));
    }

    #[test]
    fn depth_has_an_end() {
        let deep = format!("{}x", "> ".repeat(4_000));
        let mut nodes = parsed(&deep);
        let mut depth = 0;
        while let Some(Node::Element(_, within)) = nodes.pop() {
            nodes = within;
            depth += 1;
        }
        assert!(depth <= MAX_DEPTH, "{depth}");
    }

    #[test]
    fn plain_text_is_one_line() {
        assert_eq!(plain("# Hi\n\n* *a*\n* [b](https://example.org)"), "Hi a b");
    }
}
