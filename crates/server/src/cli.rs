//! The command line: commands, and one flag for each key of the configuration.
//!
//! Commands are derived by clap; the flags of the settings come from the table in `config`, so that a key cannot lack
//! its flag. This file decides nothing about values: what a flag holds is understood by `config`.

mod admin;
mod audit;
mod key;
mod master_key;

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use url::{Host, Url};

use crate::config::{Flags, Key, Shape};
pub(crate) use admin::AdminCommand;
pub(crate) use audit::AuditCommand;
pub(crate) use key::{CreateKey, KeyCommand};
pub(crate) use master_key::MasterKeyCommand;

/// What the command line asked for.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) command: Command,
    pub(crate) flags: Flags,
}

impl Invocation {
    /// Understands the arguments, the first of which is the program's name.
    ///
    /// `--help`, `--version` and mistakes are errors that know their text, stream and exit code: `error.exit()`.
    pub(crate) fn parse<I>(arguments: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator,
        I::Item: Into<OsString> + Clone,
    {
        let matches = command().try_get_matches_from(arguments)?;
        let arguments = Arguments::from_arg_matches(&matches)?;
        Ok(Self { command: arguments.command.unwrap_or(Command::Serve), flags: flags(&matches) })
    }
}

#[derive(Debug, Parser)]
#[command(
    name = "waypost",
    version,
    about = "Shows WhatsApp messages to every agent, dashboard and program, live, and loses none.",
    long_about = LONG_ABOUT,
    after_help = "`--help` explains more, with examples and every setting.",
    after_long_help = AFTER_LONG_HELP,
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

/// What the binary can do.
#[derive(Debug, Clone, PartialEq, Subcommand)]
pub(crate) enum Command {
    /// Runs the server. This is the default.
    Serve,
    /// Runs a server with invented customers who write and answer; needs nothing from Meta.
    ///
    /// It has its own data directory and secrets, listens on this machine only, and sends nothing to anybody: the Graph
    /// API that it talks to is in the same process.
    Demo,
    /// Plays Meta for a server on this machine: customers who write, statuses, a Graph API.
    ///
    /// The webhooks are signed with the app secret and come to the phone number id of the same settings that the server
    /// has (`WAYPOST_APP_SECRET`, `WAYPOST_PHONE_NUMBER_ID`).
    Simulate(Simulate),
    /// Makes, lists and revokes API keys.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Lets the first administrator in, and whoever is locked out.
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Makes the key under which secrets in the database are encrypted, and puts another in its place.
    #[command(subcommand)]
    MasterKey(MasterKeyCommand),
    /// Says whether the audit, who did what, is as it was written.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Moves the store from the data directory into the PostgreSQL database that WAYPOST_STORE names.
    ///
    /// Stop the server before, and start it again afterwards. Clients go on where they were. A move that was interrupted
    /// goes on when it is run again; the data directory stays as it is and is refused by servers afterwards.
    MigrateStore(MigrateStore),
    /// Reads dead letters, and messages of types that were not known, again with this version.
    ///
    /// What is understood now is stored as if it had come now, and shown; what came otherwise in the meantime is not stored
    /// twice. It may be begun again at any time. Without `--url` it opens the store itself: a data directory only while no server
    /// has it. While servers run, also on one PostgreSQL database, ask one of them with `--url`.
    Reprocess(Reprocess),
    /// Shows the settings in effect and where each comes from, or everything that is wrong with them.
    Config(ShowConfig),
    /// Prints the description of the HTTP routes, docs/openapi.json.
    #[command(hide = true)]
    Openapi,
    /// Prints who may do what, for docs/SECURITY.md.
    #[command(hide = true)]
    Access,
}

/// How to simulate.
#[derive(Debug, Clone, PartialEq, Args)]
pub(crate) struct Simulate {
    /// The server to drive; it must be on this machine.
    #[arg(long, default_value = "http://127.0.0.1:3000", value_parser = loopback_url)]
    pub(crate) url: Url,
    /// Messages from customers in a second; 0.1 is one in ten seconds.
    #[arg(long, value_name = "PER_SECOND", default_value = "1", value_parser = rate)]
    pub(crate) rate: f64,
    /// Where to answer as the Graph API; start the server with `--graph-url http://` and this address.
    #[arg(long, value_name = "ADDRESS", value_parser = loopback_address)]
    pub(crate) graph_listen: Option<SocketAddr>,
    /// Repeats the run that had this seed.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
}

/// Who reads again.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub(crate) struct Reprocess {
    /// The running server to ask, with the key in WAYPOST_API_KEY; such as http://127.0.0.1:3000.
    #[arg(long)]
    pub(crate) url: Option<Url>,
}

/// In which direction the store is moved.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub(crate) struct MigrateStore {
    /// Takes the move back: the data directory is the store again. Only while nothing was stored in the database since.
    #[arg(long)]
    pub(crate) undo: bool,
}

/// What to show of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[group(multiple = false)]
pub(crate) struct ShowConfig {
    /// Prints a waypost.toml with every key, its meaning and its default.
    #[arg(long)]
    default: bool,
    /// Prints the reference page, docs/CONFIGURATION.md.
    #[arg(long)]
    reference: bool,
}

/// The three things that `waypost config` can print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConfigOutput {
    /// What is in effect.
    Effective,
    /// The file with all defaults.
    Default,
    /// The reference page.
    Reference,
}

impl ShowConfig {
    /// Which one was asked for; clap sees to it that only one was.
    pub(crate) fn output(&self) -> ConfigOutput {
        match (self.default, self.reference) {
            (true, _) => ConfigOutput::Default,
            (_, true) => ConfigOutput::Reference,
            _ => ConfigOutput::Effective,
        }
    }
}

fn command() -> clap::Command {
    let config = Arg::new("config")
        .long("config")
        .value_name("PATH")
        .global(true)
        .value_parser(clap::value_parser!(PathBuf))
        .help(
            "The file with the settings [default: ./waypost.toml, if it is there; variable: WAYPOST_CONFIG]",
        );
    Arguments::command().arg(config).args(Key::all().map(flag))
}

fn flag(key: &Key) -> Arg {
    let (action, value_name) = match key.shape {
        Shape::List => (ArgAction::Append, "LIST"),
        Shape::Number => (ArgAction::Set, "NUMBER"),
        Shape::Text => (ArgAction::Set, "TEXT"),
    };
    let default = match key.default {
        "" => String::new(),
        default => format!("default: {default}; "),
    };
    Arg::new(key.flag())
        .long(key.flag())
        .value_name(value_name)
        .action(action)
        .global(true)
        .hide_short_help(true)
        .help_heading(format!("Settings [{}]", key.section.name()))
        .help(format!("{} [{default}variable: {}]", key.doc(), key.variable()))
}

fn flags(matches: &ArgMatches) -> Flags {
    let mut flags = Flags::new(matches.get_one::<PathBuf>("config").cloned());
    for key in Key::all() {
        if let Some(values) = matches.get_many::<String>(&key.flag()) {
            flags.add(key, &values.cloned().collect::<Vec<_>>());
        }
    }
    flags
}

/// Signed webhooks with invented content must not reach a real server by a slip of the keyboard.
fn loopback_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).to_canonical().is_loopback(),
        None => false,
    };
    match (loopback, url.scheme()) {
        (true, "http") => Ok(url),
        (true, _) => Err("only http is spoken to this machine".to_owned()),
        (false, _) => {
            Err("only a server on this machine can be driven: localhost, 127.0.0.1 or [::1]".to_owned())
        }
    }
}

fn rate(text: &str) -> Result<f64, String> {
    const PER_SECOND_MAX: f64 = 100_000.0;
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= PER_SECOND_MAX => Ok(rate),
        _ => Err(format!("a number above 0 and up to {PER_SECOND_MAX}")),
    }
}

fn loopback_address(text: &str) -> Result<SocketAddr, String> {
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().to_canonical().is_loopback() => Ok(address),
        Ok(_) => Err("only addresses of this machine: 127.0.0.1 or [::1]".to_owned()),
        Err(_) => Err("an address with a port, such as 127.0.0.1:4000".to_owned()),
    }
}

const LONG_ABOUT: &str = "\
Shows WhatsApp messages to every agent, dashboard and program, live, and loses none.

Waypost receives the webhooks of Meta's WhatsApp Business Cloud API, stores every message and status before it answers, \
and shows them over Socket.IO to all who may see them. Replies go out through it.";

const AFTER_LONG_HELP: &str = "\
First steps:
  waypost demo                        look at it with invented customers; nothing from Meta is needed
  waypost config --default > waypost.toml
  waypost key create desk --scope read --scope send
                                      a key for a program or a page
  waypost                             run the server

With Meta, at developers.facebook.com, My Apps, your app:
  App settings > Basic > App secret                 WAYPOST_APP_SECRET
  WhatsApp > API setup > Phone number ID            WAYPOST_PHONE_NUMBER_ID
  WhatsApp > API setup > Access token (for a day),  WAYPOST_ACCESS_TOKEN
    or of a system user: business.facebook.com, Settings > Users > System users,
    with whatsapp_business_messaging
  WhatsApp > Configuration > Webhook > Edit
    Callback URL: your public address and /whatsapp/webhook
    Verify token: a word of your choice             WAYPOST_VERIFY_TOKEN
    then Manage > messages > Subscribe
  Without an app secret the webhook answers 503, so that Meta sends again and nothing is lost.

Examples:
  WAYPOST_APP_SECRET=... WAYPOST_VERIFY_TOKEN=... waypost --public-url https://waypost.example.org
  waypost --listen 127.0.0.1:8080 --data-dir /var/lib/waypost
  waypost config --listen 0.0.0.0:3000              what would be in effect
  waypost simulate --rate 10                        ten messages a second for the server on this machine

Settings come from flags, then WAYPOST_* variables, then waypost.toml, then defaults. Give secrets by variable or file: \
flags are seen by everybody who may list the processes of this machine.";

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use waypost_domain::KeyScope;

    use super::*;
    use crate::config::Config;

    fn parse(line: &str) -> Result<Invocation, clap::Error> {
        Invocation::parse(std::iter::once("waypost").chain(line.split_whitespace()))
    }

    fn check_error(line: &str, expected: &Expect) {
        let error = parse(line).expect_err("the line should be refused");
        expected.assert_eq(&error.render().to_string());
    }

    #[test]
    fn flags_and_commands_fit_together() {
        command().debug_assert();
    }

    #[test]
    fn no_command_is_serve() {
        assert_eq!(parse("").unwrap().command, Command::Serve);
        assert_eq!(parse("--log debug").unwrap().command, Command::Serve);
        assert_eq!(parse("serve").unwrap().command, Command::Serve);
    }

    #[test]
    fn settings_stand_before_or_behind_the_command() {
        for line in [
            "--listen 127.0.0.1:1 key list",
            "key --listen 127.0.0.1:1 list",
            "key list --listen 127.0.0.1:1",
        ] {
            let invocation = parse(line).unwrap();
            let config = Config::from_flags(&invocation.flags).unwrap();
            assert_eq!(config.server.listen.as_slice(), ["127.0.0.1:1".parse().unwrap()], "{line}");
        }
    }

    #[test]
    fn a_list_may_be_repeated() {
        let invocation = parse("--listen 127.0.0.1:1 --listen 127.0.0.1:2,127.0.0.1:3").unwrap();
        let config = Config::from_flags(&invocation.flags).unwrap();
        assert_eq!(config.server.listen.as_slice().len(), 3);
    }

    #[test]
    fn commands_take_their_arguments() {
        assert_eq!(
            parse("simulate --rate 2.5 --seed 7").unwrap().command,
            Command::Simulate(Simulate {
                url: Url::parse("http://127.0.0.1:3000").unwrap(),
                rate: 2.5,
                graph_listen: None,
                seed: Some(7),
            })
        );
        assert_eq!(
            parse("key create desk --scope read --scope send").unwrap().command,
            Command::Key(KeyCommand::Create(CreateKey {
                name: "desk".to_owned(),
                scopes: vec![KeyScope::Read, KeyScope::Send],
                numbers: Vec::new(),
                expires: None,
            }))
        );
        assert_eq!(
            parse("master-key init --file /etc/waypost/master.key").unwrap().command,
            Command::MasterKey(MasterKeyCommand::Init { file: Some("/etc/waypost/master.key".into()) })
        );
        let outputs = ["config", "config --default", "config --reference"].map(|line| {
            match parse(line).unwrap().command {
                Command::Config(show) => show.output(),
                other => panic!("{other:?}"),
            }
        });
        assert_eq!(outputs, [ConfigOutput::Effective, ConfigOutput::Default, ConfigOutput::Reference]);
    }

    #[test]
    fn whoever_makes_a_key_says_what_it_is_good_for() {
        check_error(
            "key create desk",
            &expect![[r#"
                error: the following required arguments were not provided:
                  --scope <read|send|manage|monitor|metrics|admin>

                Usage: waypost key create --scope <read|send|manage|monitor|metrics|admin> <NAME>

                For more information, try '--help'.
            "#]],
        );
        check_error(
            "key create desk --scope fly",
            &expect![[r#"
                error: invalid value 'fly' for '--scope <read|send|manage|monitor|metrics|admin>'
                  [possible values: read, send, manage, monitor, metrics, admin]

                For more information, try '--help'.
            "#]],
        );
        check_error(
            "key create desk --scope read --expires soon",
            &expect![[r#"
                error: invalid value 'soon' for '--expires <WHEN>': days such as 90d or hours such as 12h, up to 36500d, or a day such as 2027-01-31

                For more information, try '--help'.
            "#]],
        );
    }

    #[test]
    fn only_this_machine_is_simulated_at() {
        for url in ["http://localhost:3000", "http://127.9.9.9", "http://[::1]:3000"] {
            assert!(parse(&format!("simulate --url {url}")).is_ok(), "{url}");
        }
        check_error(
            "simulate --url http://waypost.example.org",
            &expect![[r#"
            error: invalid value 'http://waypost.example.org' for '--url <URL>': only a server on this machine can be driven: localhost, 127.0.0.1 or [::1]

            For more information, try '--help'.
        "#]],
        );
    }

    #[test]
    fn a_misspelt_flag_gets_the_nearest() {
        check_error(
            "--listn 127.0.0.1:1",
            &expect![[r#"
            error: unexpected argument '--listn' found

              tip: a similar argument exists: '--listen'

            Usage: waypost --listen <LIST>

            For more information, try '--help'.
        "#]],
        );
    }

    #[test]
    fn debug_of_an_invocation_shows_no_secret() {
        let invocation = parse("serve --app-secret hunter2 --api-key hunter2").unwrap();
        assert!(!format!("{invocation:?}").contains("hunter2"));
    }

    #[test]
    fn short_help_is_short() {
        check_error(
            "-h",
            &expect![[r#"
                Shows WhatsApp messages to every agent, dashboard and program, live, and loses none.

                Usage: waypost [OPTIONS] [COMMAND]

                Commands:
                  serve          Runs the server. This is the default
                  demo           Runs a server with invented customers who write and answer; needs nothing from Meta
                  simulate       Plays Meta for a server on this machine: customers who write, statuses, a Graph API
                  key            Makes, lists and revokes API keys
                  admin          Lets the first administrator in, and whoever is locked out
                  master-key     Makes the key under which secrets in the database are encrypted, and puts another in its place
                  audit          Says whether the audit, who did what, is as it was written
                  migrate-store  Moves the store from the data directory into the PostgreSQL database that WAYPOST_STORE names
                  reprocess      Reads dead letters, and messages of types that were not known, again with this version
                  config         Shows the settings in effect and where each comes from, or everything that is wrong with them

                Options:
                      --config <PATH>  The file with the settings [default: ./waypost.toml, if it is there; variable: WAYPOST_CONFIG]
                  -h, --help           Print help (see more with '--help')
                  -V, --version        Print version

                `--help` explains more, with examples and every setting.
            "#]],
        );
    }

    #[test]
    fn long_help_has_every_setting() {
        let help = parse("--help").expect_err("help is an error to clap").render().to_string();
        for key in Key::all() {
            assert!(help.contains(&format!("--{}", key.flag())), "{}", key.path());
            assert!(help.contains(&key.variable()), "{}", key.path());
        }
    }
}
