//! Where settings are read: the file, the environment and the command line, each overriding those before.
//!
//! There is one parser, that of the command line. File and environment are checked as if they were flags, so that
//! they share its rules and errors, and then become the defaults of these flags.

use std::{ffi::OsString, fs, io, iter, num::NonZeroU32, path::PathBuf, process};

use clap::{Command, CommandFactory, FromArgMatches};
use thiserror::Error;
use toml::{Table, Value};

use super::{CommandLine, Config, values::Optional};

/// Precedes the name of a setting in the environment.
const PREFIX: &str = "ICWS_GATEWAY_";

/// The configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The command line is wrong, or only asks for help.
    #[error(transparent)]
    CommandLine(clap::Error),
    /// A setting of the file or in the environment is unknown, or has a bad value.
    #[error("{origin}: {}", .source.to_string().trim_start_matches("error: ").trim_end())]
    Setting {
        /// The file, or the variable.
        origin: String,
        /// What is wrong with it, as if it were a flag.
        source: clap::Error,
    },
    /// A variable is not text.
    #[error("the environment variable {0} is not UTF-8")]
    NotUnicode(String),
    /// The file cannot be read.
    #[error("cannot read the configuration file '{path}': {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration file '{path}' is not TOML: {source}")]
    NotToml {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: toml::de::Error,
    },
    /// A setting of the file has a value that no setting has.
    #[error(
        "the configuration file '{path}': '{key}' needs a text, a number, true, false, or a list of them"
    )]
    NoValue {
        /// The file.
        path: PathBuf,
        /// The setting.
        key: String,
    },
    /// One of the two files for TLS is missing.
    #[error("TLS needs both --tls-certificate-pem-path and --tls-certificate-key-pem-path")]
    HalfTls,
    /// Frames of the allowed size would close the client.
    #[error(
        "--max-message-rate={0} never admits a frame of --max-frame-size, which counts once for each 16 KiB: \
         raise the one or lower the other"
    )]
    RateBelowFrame(NonZeroU32),
}

impl ConfigError {
    /// Prints the error, or the help that was asked for, and ends the program.
    pub fn exit(&self) -> ! {
        match self {
            Self::CommandLine(error) => error.exit(),
            error => {
                eprintln!("error: {error}");
                process::exit(2)
            }
        }
    }
}

/// Settings of one source, by the names of their flags. One with several values is given several times.
struct Settings {
    origin: String,
    values: Vec<(String, Vec<String>)>,
}

pub(super) fn read(
    args: Vec<OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Config, ConfigError> {
    let environment = from_environment(environment)?;
    let with_environment = |command: Command| environment.iter().try_fold(command, apply);

    // What else is wrong with the command line is for the second time, when the defaults are known.
    let tolerant = with_environment(CommandLine::command())?.ignore_errors(true);
    let matches = tolerant
        .try_get_matches_from(&args)
        .map_err(ConfigError::CommandLine)?;
    let file = matches.try_get_one::<Optional<PathBuf>>("config");
    let file = file.ok().flatten().cloned().flatten();

    let mut command = CommandLine::command();
    if let Some(path) = file {
        command = apply(command, &from_file(path)?)?;
    }
    with_environment(command)?
        .try_get_matches_from(args)
        .and_then(|matches| CommandLine::from_arg_matches(&matches))
        .map(|command_line| command_line.settings)
        .map_err(ConfigError::CommandLine)
}

/// Makes `settings` the defaults of `command`, once they are found to be right.
fn apply(command: Command, settings: &Settings) -> Result<Command, ConfigError> {
    let flags = settings
        .values
        .iter()
        .flat_map(|(name, values)| values.iter().map(move |value| format!("--{name}={value}")));
    let program = iter::once(command.get_name().to_owned());
    CommandLine::command()
        .try_get_matches_from(program.chain(flags))
        .map_err(|source| ConfigError::Setting {
            origin: settings.origin.clone(),
            source,
        })?;
    Ok(command.mut_args(|arg| {
        let values = settings
            .values
            .iter()
            .find(|(name, _)| arg.get_long() == Some(name));
        match values {
            Some((_, values)) => arg.default_values(values),
            None => arg,
        }
    }))
}

/// One for each variable, so that an error names it. An empty one is as good as none: compose files pass variables on,
/// set or not.
fn from_environment(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Vec<Settings>, ConfigError> {
    environment
        .into_iter()
        .filter_map(|(variable, value)| Some((variable.into_string().ok()?, value)))
        .filter_map(|(variable, value)| {
            let name = variable
                .strip_prefix(PREFIX)?
                .replace('_', "-")
                .to_lowercase();
            (!value.is_empty()).then_some((name, variable, value))
        })
        .map(|(name, variable, value)| match value.into_string() {
            Ok(value) => Ok(Settings {
                origin: format!("the environment variable {variable}"),
                values: vec![(name, vec![value])],
            }),
            Err(_) => Err(ConfigError::NotUnicode(variable)),
        })
        .collect()
}

fn from_file(path: PathBuf) -> Result<Settings, ConfigError> {
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(source) => return Err(ConfigError::Unreadable { path, source }),
    };
    let table: Table = match text.parse() {
        Ok(table) => table,
        Err(source) => return Err(ConfigError::NotToml { path, source }),
    };
    let values = table
        .into_iter()
        .map(|(key, value)| match texts(value) {
            Some(values) => Ok((key, values)),
            None => Err(ConfigError::NoValue {
                path: path.clone(),
                key,
            }),
        })
        .collect::<Result<_, _>>()?;
    Ok(Settings {
        origin: format!("the configuration file '{}'", path.display()),
        values,
    })
}

/// What would be written on the command line.
fn texts(value: Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Integer(number) => Some(vec![number.to_string()]),
        Value::Float(number) => Some(vec![number.to_string()]),
        Value::Boolean(truth) => Some(vec![truth.to_string()]),
        Value::Array(values) if !values.is_empty() => {
            let texts: Option<Vec<_>> = values.into_iter().map(texts).collect();
            Some(texts?.concat())
        }
        Value::Array(_) | Value::Table(_) | Value::Datetime(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, time::Duration};

    use tempfile::NamedTempFile;

    use super::*;

    fn file(text: &str) -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn load(flags: &[&str], variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let variables = variables
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        let args = [&["ic-ws-gateway"], flags].concat();
        Config::load(args.into_iter().map(OsString::from), variables)
    }

    fn load_file(text: &str) -> Result<Config, ConfigError> {
        let file = file(text);
        load(&[&format!("--config={}", file.path().display())], &[])
    }

    #[test]
    fn flags_override_variables_and_variables_the_file() {
        let file = file("polling-interval = 1\nmax-connections = 1\nmax-canisters = 1\n");
        let path = file.path().to_str().unwrap();
        let config = load(
            &["--max-canisters=3"],
            &[
                ("ICWS_GATEWAY_CONFIG", path),
                ("ICWS_GATEWAY_MAX_CONNECTIONS", "2"),
                ("ICWS_GATEWAY_MAX_CANISTERS", "2"),
            ],
        )
        .unwrap();
        assert_eq!(config.polling_interval, Duration::from_millis(1));
        assert_eq!(config.limits.max_connections, 2);
        assert_eq!(config.limits.max_canisters, 3);
        assert_eq!(config.limits.max_pending_calls, 32);
    }

    #[test]
    fn a_list_sets_what_may_be_repeated() {
        let config = load_file(
            "allowed-origin = ['https://a.example', 'https://b.example']\nallow-missing-origin = false",
        )
        .unwrap();
        assert_eq!(config.access.allowed_origins.len(), 2);
        assert!(!config.access.allow_missing_origin);
        let config = load(
            &[],
            &[(
                "ICWS_GATEWAY_ALLOWED_ORIGIN",
                "https://a.example,https://b.example",
            )],
        )
        .unwrap();
        assert_eq!(config.access.allowed_origins.len(), 2);
    }

    #[test]
    fn errors_name_the_setting_and_the_file() {
        for (text, named) in [
            ("poling-interval = 1", "--poling-interval"),
            ("polling-interval = 0", "--polling-interval"),
            ("polling-interval = 'soon'", "--polling-interval"),
            ("polling-interval = [1, 2]", "--polling-interval"),
            ("polling-interval = []", "polling-interval"),
            ("[polling-interval]", "polling-interval"),
            ("allowed-origin = ['example.com']", "--allowed-origin"),
            ("polling-interval", "line 1"),
        ] {
            let error = load_file(text).unwrap_err().to_string();
            assert!(error.contains("configuration file '/"), "{error}");
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn a_wrong_variable_is_named() {
        for (variable, value) in [
            ("ICWS_GATEWAY_PING_INTERVAL", "soon"),
            ("ICWS_GATEWAY_PING_INTERVALL", "1000"),
        ] {
            let error = load(&[], &[(variable, value)]).unwrap_err().to_string();
            assert!(error.contains(variable), "{error}");
            assert!(error.contains("--ping-interval"), "{error}");
        }
    }

    #[test]
    fn an_empty_variable_is_none() {
        let config = load(
            &[],
            &[
                ("ICWS_GATEWAY_ALLOWED_CANISTER", ""),
                ("ICWS_GATEWAY_MAX_CONNECTIONS", ""),
                ("OTHER", "value"),
            ],
        )
        .unwrap();
        assert!(config.access.allowed_canisters.is_empty());
        assert_eq!(config.limits.max_connections, 10_000);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = load(&["--config", "/nowhere/gateway.toml"], &[]).unwrap_err();
        assert!(
            error.to_string().contains("/nowhere/gateway.toml"),
            "{error}"
        );
    }

    #[test]
    fn help_is_given_whatever_is_configured() {
        let error = load(&["--config=/nowhere", "--help"], &[]).unwrap_err();
        assert!(matches!(error, ConfigError::CommandLine(error) if !error.use_stderr()));
    }
}
