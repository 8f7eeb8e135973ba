//! What `cargo xtask bench instructions` and `bench rooms` measure: the hub with everything but the kernel. Its
//! connections end in sinks, which take whatever is written, so that there can be 100,000 of them and nothing is
//! measured but this crate, hyper's upgraded stream and tokio.
//!
//! - `publish --members M --events E [--group G]`: one room of M members, and E events in groups of G (1 by default), each
//!   group awaited before the next.
//! - `rooms --members M`: M members join one room, leave it in another order, join again, and disconnect in a third.
//! - `rooms --rooms R`: the same with R rooms of one member.
//!
//! Prints a line for each figure: its name and a number.

mod desk;
mod scene;
mod sink;

use scene::Scene;
use std::process::ExitCode;
use std::time::Duration;
use waypost_realtime::PublishError;

/// As in the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// No run takes a tenth of this, under valgrind neither.
const RUN_MAX: Duration = Duration::from_mins(10);
const USAGE: &str = "publish --members M --events E [--group G] | rooms --members M | rooms --rooms R";

/// What is done.
#[derive(Debug, Clone, Copy)]
enum Task {
    Publish {
        members: usize,
        events: usize,
        group: usize,
    },
    /// All in one room.
    OneRoom {
        members: usize,
    },
    /// Each in a room of its own.
    OwnRooms {
        rooms: usize,
    },
}

impl Task {
    fn read(arguments: &[String]) -> Option<Task> {
        let (name, options) = arguments.split_first()?;
        let option = |name: &str| {
            let pair = options.chunks(2).find(|pair| pair[0] == name)?;
            pair.get(1)?.parse::<usize>().ok().filter(|value| *value > 0)
        };
        match name.as_str() {
            "publish" => {
                let is_grouped = options.iter().any(|word| word == "--group");
                let group = if is_grouped { option("--group")? } else { 1 };
                Some(Task::Publish { members: option("--members")?, events: option("--events")?, group })
            }
            "rooms" => match (option("--members"), option("--rooms")) {
                (Some(members), None) => Some(Task::OneRoom { members }),
                (None, Some(rooms)) => Some(Task::OwnRooms { rooms }),
                _ => None,
            },
            _ => None,
        }
    }
}

#[expect(clippy::print_stderr, reason = "whoever starts it wrongly is told how")]
fn main() -> std::io::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(task) = Task::read(&arguments) else {
        eprintln!("{USAGE}");
        return Ok(ExitCode::FAILURE);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ran = runtime.block_on(async { tokio::time::timeout(RUN_MAX, run(task)).await });
    let failure = match ran {
        Ok(Ok(())) => return Ok(ExitCode::SUCCESS),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("not done after {} s: a client waits for what does not come", RUN_MAX.as_secs()),
    };
    eprintln!("{failure}");
    Ok(ExitCode::FAILURE)
}

async fn run(task: Task) -> Result<(), PublishError> {
    match task {
        Task::Publish { members, events, group } => publish(members, events, group).await,
        Task::OneRoom { members } => rooms(members, |_| "all".to_owned()).await,
        Task::OwnRooms { rooms: count } => rooms(count, |member| format!("number:{member}")).await,
    }
}

async fn publish(members: usize, events: usize, group: usize) -> Result<(), PublishError> {
    let mut scene = Scene::of_members_in_one_room(members).await;
    let delivered = scene.delivered();
    let took = scene.publish(events, group).await?;
    let delivered = scene.delivered() - delivered;
    assert_eq!(delivered, (members * events) as u64, "every member gets every event");
    say("deliveries", delivered as f64);
    say("publish_ns", each(took, events));
    say("delivery_ns", each(took, members * events));
    Ok(())
}

async fn rooms(members: usize, scope: impl Fn(usize) -> String) -> Result<(), PublishError> {
    let mut scene = Scene::of_members_in_no_room(members, scope).await;
    say("join_ns", each(scene.join().await, members));
    say("leave_ns", each(scene.leave().await, members));
    scene.join().await;
    say("disconnect_ns", each(scene.disconnect().await, members));
    Ok(())
}

fn each(time: Duration, times: usize) -> f64 {
    time.as_nanos() as f64 / times as f64
}

#[expect(clippy::print_stdout, reason = "whoever measures reads it")]
fn say(figure: &str, value: f64) {
    println!("{figure} {value:.1}");
}
