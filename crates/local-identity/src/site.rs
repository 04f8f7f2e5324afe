//! The page's files, certified so that HTTP gateways show them; and one path whose answers certify themselves.

use ic_certification::{Hash, fork, pruned};
use ic_http_certification::{
    CERTIFICATE_EXPRESSION_HEADER_NAME, DefaultCelBuilder, DefaultResponseCertification,
    DefaultResponseOnlyCelExpression, HttpCertification, HttpCertificationPath,
    HttpCertificationTree, HttpCertificationTreeEntry, HttpResponse, StatusCode,
    utils::add_v2_certificate_header,
};

/// What the page may do: load its own files, and ask its own canister.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

const INDEX: &str = include_str!("../page/index.html");

/// Paths, media types and contents. The page is at the path of the real one, and at that of its older protocol.
const FILES: [(&str, &str, &str); 7] = [
    ("/", HTML, INDEX),
    ("/authorize", HTML, INDEX),
    ("/style.css", CSS, include_str!("../page/style.css")),
    ("/main.js", JAVASCRIPT, include_str!("../page/main.js")),
    ("/signer.js", JAVASCRIPT, include_str!("../page/signer.js")),
    (
        "/transport.js",
        JAVASCRIPT,
        include_str!("../page/transport.js"),
    ),
    (
        "/canister.js",
        JAVASCRIPT,
        include_str!("../page/canister.js"),
    ),
];

struct File {
    path: &'static str,
    entry: HttpCertificationTreeEntry<'static>,
    response: HttpResponse<'static>,
}

/// All that is served.
pub struct Site {
    files: Vec<File>,
    not_found: File,
    uncertified: HttpCertificationTreeEntry<'static>,
    tree: HttpCertificationTree,
}

impl Default for Site {
    fn default() -> Self {
        let file = |(path, media_type, content)| {
            File::new(
                path,
                HttpCertificationPath::exact(path),
                StatusCode::OK,
                media_type,
                content,
            )
        };
        let anywhere = HttpCertificationPath::wildcard("");
        let site = Self {
            files: FILES.into_iter().map(file).collect(),
            not_found: File::new(
                "",
                anywhere,
                StatusCode::NOT_FOUND,
                TEXT,
                "There is nothing here.\n",
            ),
            uncertified: HttpCertificationTreeEntry::new(
                HttpCertificationPath::exact(crate::api::SIGNED),
                HttpCertification::skip(),
            ),
            tree: HttpCertificationTree::default(),
        };
        site.with_tree()
    }
}

impl Site {
    fn with_tree(mut self) -> Self {
        for file in self.files.iter().chain([&self.not_found]) {
            self.tree.insert(&file.entry);
        }
        self.tree.insert(&self.uncertified);
        self
    }

    /// What the canister certifies.
    pub fn root_hash(&self) -> Hash {
        self.tree.root_hash()
    }

    /// The file at `path`, or the page that says that there is none, with its `proof`.
    pub fn page(&self, path: &str, proof: &Proof) -> HttpResponse<'static> {
        let file = self
            .files
            .iter()
            .find(|file| file.path == path)
            .unwrap_or(&self.not_found);
        self.proven(file.response.clone(), &file.entry, path, proof)
    }

    /// An answer at [`SIGNED`](crate::api::SIGNED), with the proof that it needs none.
    pub fn uncertified(
        &self,
        mut response: HttpResponse<'static>,
        proof: &Proof,
    ) -> HttpResponse<'static> {
        let expression = DefaultCelBuilder::skip_certification().to_string();
        response.add_header((CERTIFICATE_EXPRESSION_HEADER_NAME.to_owned(), expression));
        self.proven(response, &self.uncertified, crate::api::SIGNED, proof)
    }

    fn proven(
        &self,
        mut response: HttpResponse<'static>,
        entry: &HttpCertificationTreeEntry<'static>,
        path: &str,
        proof: &Proof,
    ) -> HttpResponse<'static> {
        // No witness, no page: the gateway will say that it is not certified.
        if let Ok(witness) = self.tree.witness(entry, path) {
            let witness = fork(witness, pruned(proof.signatures));
            let path = entry.path.to_expr_path();
            add_v2_certificate_header(&proof.certificate, &mut response, &witness, &path);
        }
        response
    }
}

/// What proves a page, besides its place in the tree.
pub struct Proof {
    /// The network's certificate of what the canister certifies.
    pub certificate: Vec<u8>,
    /// The hash of what else the canister certifies.
    pub signatures: Hash,
}

impl File {
    fn new(
        path: &'static str,
        certified_path: HttpCertificationPath<'static>,
        status: StatusCode,
        media_type: &str,
        content: &'static str,
    ) -> Self {
        let all_headers = DefaultResponseCertification::response_header_exclusions(vec![]);
        let expression = DefaultCelBuilder::response_only_certification()
            .with_response_certification(all_headers)
            .build();
        let response = HttpResponse::builder()
            .with_status_code(status)
            .with_headers(headers(media_type, &expression))
            .with_body(content.as_bytes())
            .build();
        // It fails only where the header with the expression is absent.
        let certification = HttpCertification::response_only(&expression, &response, None)
            .unwrap_or_else(|_| HttpCertification::skip());
        Self {
            path,
            entry: HttpCertificationTreeEntry::new(certified_path, certification),
            response,
        }
    }
}

fn headers(
    media_type: &str,
    expression: &DefaultResponseOnlyCelExpression,
) -> Vec<(String, String)> {
    [
        ("Content-Type", media_type),
        ("Cache-Control", "no-cache"),
        ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        (CERTIFICATE_EXPRESSION_HEADER_NAME, &expression.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}
