//! Runs of chunks on several threads.
//!
//! The helpers are tasks in a rayon pool, started at the first use that asks for it. The calling
//! thread works too, and takes over the chunks of who is late, so the result never waits for a thread
//! that is asleep. A helper that is done keeps looking for the next job for 40 µs before it
//! gives its thread back to rayon: waking a sleeping thread takes far longer than a small
//! operation, and array code posts its operations in quick succession.
//!
//! Measured: see [`WORTH_PARALLEL_NS`].

use std::any::Any;
use std::cell::Cell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use crate::error::{Error, Result};

mod placement;

use placement::Helpers;

/// Estimated work, in nanoseconds on one thread, from which more threads pay while a helper is
/// looking for work.
///
/// Measured in eight chunks, a call every 10 µs, on two cores of a Xeon (Sapphire Rapids, KVM);
/// medians in microseconds, first with both cores free, then with one taken by another process:
///
/// | work | one thread | helper awake | rayon's `in_place_scope` | taken: helper | taken: rayon |
/// |---:|---:|---:|---:|---:|---:|
/// | 0 | 0.8 | 1.6 | 101 | 0.8 | 6.8 |
/// | 2 | 2.8 | 2.6 | 89 | 2.8 | 8.9 |
/// | 5 | 5.9 | 4.3 | 96 | 5.8 | 12 |
/// | 10 | 11 | 6.9 | 72 | 11 | 20 |
/// | 20 | 21 | 12 | 68 | 21 | 30 |
/// | 50 | 51 | 27 | 84 | 51 | 60 |
/// | 100 | 101 | 52 | 108 | 101 | 107 |
/// | 1000 | 1001 | 502 | 604 | 1001 | 1004 |
/// Element-wise functions on 1e4 float64 elements gained from a threshold of 4 µs over 6 µs (geometric mean of
/// the math benchmarks 1.93 and 2.01); below 4 µs the hand-over eats the gain.
pub const WORTH_PARALLEL_NS: u64 = 4_000;

/// Estimated work, in nanoseconds on one thread, from which it pays to wake sleeping threads:
/// waking one costs the caller up to 21 µs (an idle core of a virtual machine halts), and it comes
/// about 50 µs later; 100 µs of work then take 89 to 97 µs.
pub const WORTH_WAKING_NS: u64 = 100_000;

/// One in this many operations between the two thresholds wakes the helpers nevertheless.
const WAKE_EVERY: usize = 16;

/// How long a helper looks for the next job before sleeping.
const SPIN: Duration = Duration::from_micros(40);

/// How long a caller looks for its helpers' end before sleeping: they are in their last chunks.
const LAST: Duration = Duration::from_micros(500);

/// A spinning thread that was kept off its core for this long leaves the core to others.
const CROWDED: Duration = Duration::from_micros(15);

/// How often the calling thread asks the interrupt hook.
const INTERRUPT_EVERY: Duration = Duration::from_millis(50);

/// When a helper that was called has not come after this time, see whether it waits for the caller's core.
const LATE: Duration = Duration::from_micros(60);

/// The most threads that may be asked for.
const MAX_THREADS: usize = 1024;

/// How many sleeping helpers one thread wakes; those wake the next.
const WAKE: usize = 2;

/// The body of a parallel loop: it is given the chunk's index.
pub type Body<'a> = dyn Fn(usize) -> Result<()> + Sync + 'a;

/// Calls `body` with every index below `chunks`, on several threads if `parallel`, in no particular
/// order. Returns when all calls have ended.
///
/// After an error no chunk behind it is begun; of several errors, that of the lowest chunk is
/// returned, whatever the number of threads. A panic becomes [`Error::Panic`] (its message is also
/// printed by the panic hook). From within a body, and for a single chunk, it runs inline.
pub fn for_each_chunk(op: &'static str, chunks: usize, parallel: bool, body: &Body<'_>) -> Result<()> {
    share(op, chunks, parallel, false, body)
}

/// As [`for_each_chunk`], with chunks begun in order: when `body` runs, those of the chunks before run or have run, so
/// that it may wait for them.
pub fn for_each_chunk_in_order(op: &'static str, chunks: usize, parallel: bool, body: &Body<'_>) -> Result<()> {
    share(op, chunks, parallel, true, body)
}

fn share(op: &'static str, chunks: usize, parallel: bool, in_order: bool, body: &Body<'_>) -> Result<()> {
    if parallel
        && chunks > 1
        && !ROLE.get().is_inside()
        && let Some(team) = team()
    {
        return team.run(op, chunks, in_order, body);
    }
    let mut interrupt = Interrupt::default();
    for chunk in 0..chunks {
        guarded(op, || body(chunk))?;
        // The first check only reads the clock (23 ns): in vain where no second one follows.
        if chunks > 2 && chunk + 1 < chunks {
            interrupt.check(op)?;
        }
    }
    Ok(())
}

/// What the current thread is doing for the scheduler.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Outside,
    /// In a body, in the thread that called `for_each_chunk`.
    Caller,
    /// In a body, in a thread of the pool.
    Helper,
}

impl Role {
    fn is_inside(self) -> bool {
        self != Role::Outside
    }
}

thread_local! {
    static ROLE: Cell<Role> = const { Cell::new(Role::Outside) };
}

fn guarded(op: &'static str, body: impl FnOnce() -> Result<()>) -> Result<()> {
    catch_unwind(AssertUnwindSafe(body))
        .unwrap_or_else(|payload| Err(Error::Panic { op, message: panic_message(payload) }))
}

fn panic_message(payload: Box<dyn Any + Send>) -> String {
    let message = match payload.downcast_ref::<&str>() {
        Some(text) => Some((*text).to_owned()),
        None => payload.downcast_ref::<String>().cloned(),
    };
    message.unwrap_or_else(|| {
        // Dropping an unknown payload could panic again.
        mem::forget(payload);
        "panicked".to_owned()
    })
}

/// Asks the hook now and then.
#[derive(Default)]
struct Interrupt {
    asked: Option<Instant>,
}

impl Interrupt {
    fn check(&mut self, op: &'static str) -> Result<()> {
        let now = Instant::now();
        match self.asked {
            Some(asked) if now.duration_since(asked) >= INTERRUPT_EVERY => {
                self.asked = Some(now);
                if ROLE.get() == Role::Helper {
                    return Ok(());
                }
                guarded(op, || if interrupt_hook() { Err(Error::Interrupted { op }) } else { Ok(()) })
            }
            Some(_) => Ok(()),
            None => {
                self.asked = Some(now);
                Ok(())
            }
        }
    }
}

static HOOK: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Sets what tells that the user wants to stop. The thread that called an operation asks it between
/// chunks, at most every 50 ms.
pub fn set_interrupt_hook(hook: fn() -> bool) {
    HOOK.store(hook as *mut (), Ordering::Release);
}

fn interrupt_hook() -> bool {
    let hook = HOOK.load(Ordering::Acquire);
    if hook.is_null() {
        return false;
    }
    // SAFETY: only `set_interrupt_hook` writes HOOK, and it writes such a function.
    let hook = unsafe { mem::transmute::<*mut (), fn() -> bool>(hook) };
    hook()
}

/// Whether work of this estimated length, in nanoseconds on one thread, should be shared: from
/// [`WORTH_PARALLEL_NS`] while a helper is looking for work; from [`WORTH_WAKING_NS`] always. In
/// between, every sixteenth call wakes the helpers, so that a quick succession of small operations
/// finds them awake and an operation now and then hardly pays for it.
#[inline]
pub fn worth_parallel(estimated_ns: u64) -> bool {
    estimated_ns >= WORTH_PARALLEL_NS && worth_now(estimated_ns)
}

fn worth_now(estimated_ns: u64) -> bool {
    static SMALL: AtomicUsize = AtomicUsize::new(0);
    if num_threads() == 1 || ROLE.get().is_inside() {
        return false;
    }
    estimated_ns >= WORTH_WAKING_NS
        || LOOKING.load(Ordering::Relaxed) > 0
        || SMALL.fetch_add(1, Ordering::Relaxed) % WAKE_EVERY == WAKE_EVERY - 1
}

/// Helpers that look for a job now, in all teams.
static LOOKING: AtomicUsize = AtomicUsize::new(0);

/// One call of `for_each_chunk`; it lives on its caller's stack. Others reach it through the team's
/// list, under the lock, and only while `listed`, or while counted in `active`; the caller stays
/// until it is neither.
struct Job {
    op: &'static str,
    chunks: usize,
    /// Valid while the job is; the lifetime is erased.
    body: *const Body<'static>,
    caller: Thread,
    /// How many helpers it can use.
    wanted: usize,
    /// How many helpers have come; under the lock.
    joined: AtomicUsize,
    listed: AtomicBool,
    /// How many helpers are in it.
    active: AtomicUsize,
    /// Since when helpers have been called and not come, if there were such when the job was posted.
    called: Option<Instant>,
    helpers: Arc<Helpers>,
    /// Chunks from this one on need not run.
    limit: AtomicUsize,
    /// The error of the lowest chunk so far.
    failure: Mutex<Option<(usize, Error)>>,
    /// One for each thread that may take part.
    parts: SmallVec<[Padded<Part>; 4]>,
}

/// Adjacent chunks of which one thread begins with its own; who is done with its part takes from the others'. Thereby a
/// thread finds in its own cache what it wrote in the operation before (2 cores, filling 4 MB again and again: 21 µs, and
/// 31 µs with chunks handed out from one list; copying 4 MB to 4 MB: 44 and 49 µs).
struct Part {
    next: AtomicUsize,
    end: usize,
}

impl Part {
    /// Part `index` of `count`.
    fn new(chunks: usize, index: usize, count: usize) -> Part {
        let start = |index: usize| (chunks as u128 * index as u128 / count as u128) as usize;
        Part { next: AtomicUsize::new(start(index)), end: start(index + 1) }
    }

    fn is_exhausted(&self, limit: usize) -> bool {
        self.next.load(Ordering::Relaxed) >= self.end.min(limit)
    }

    /// The next chunk below `limit`.
    fn take(&self, limit: usize) -> Option<usize> {
        // Without this look, those who find nothing would take the line away from those who work.
        if self.is_exhausted(limit) {
            return None;
        }
        let chunk = self.next.fetch_add(1, Ordering::Relaxed);
        (chunk < self.end).then_some(chunk)
    }
}

/// On a cache line of its own.
#[repr(align(128))]
struct Padded<T>(T);

impl Job {
    /// Runs chunks until none is left, those of part `own` first.
    fn work(&self, role: Role, own: usize) {
        let outer = ROLE.replace(role);
        let mut interrupt = Interrupt::default();
        let mut called = self.called.filter(|_| role == Role::Caller);
        // SAFETY: the caller borrows the body until the job ends.
        let body = unsafe { &*self.body };
        let (before, after) = self.parts.split_at(own % self.parts.len());
        for part in after.iter().chain(before) {
            // A chunk once taken is run, and chunks below one that failed are taken, so the error of the lowest failing
            // chunk is always found.
            while let Some(chunk) = part.0.take(self.limit.load(Ordering::Relaxed)) {
                if let Err(error) = guarded(self.op, || body(chunk)) {
                    self.fail(chunk, chunk, error);
                }
                if self.joined.load(Ordering::Relaxed) == 0 && called.is_some_and(|since| since.elapsed() >= LATE) {
                    self.helpers.leave_this_core();
                    called = None;
                }
                if role == Role::Caller
                    && self.chunks > 2
                    && chunk + 1 < self.chunks
                    && let Err(error) = interrupt.check(self.op)
                {
                    self.fail(0, usize::MAX, error);
                }
            }
        }
        ROLE.set(outer);
    }

    /// Notes an error of this rank, the lowest of which counts; chunks from `limit` on are not begun.
    #[cold]
    fn fail(&self, limit: usize, rank: usize, error: Error) {
        self.limit.fetch_min(limit, Ordering::Relaxed);
        let mut failure = lock(&self.failure);
        if failure.as_ref().is_none_or(|(earlier, _)| rank < *earlier) {
            *failure = Some((rank, error));
        }
    }

    fn is_exhausted(&self) -> bool {
        let limit = self.limit.load(Ordering::Relaxed);
        self.parts.iter().all(|part| part.0.is_exhausted(limit))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The threads that help, and what there is to do.
struct Team {
    threads: usize,
    pool: rayon::ThreadPool,
    board: Arc<Board>,
}

/// Where jobs are posted.
struct Board {
    /// The number of jobs in the list, for helpers to look at without the lock.
    open: Padded<AtomicUsize>,
    /// The most helpers there may be.
    limit: usize,
    spin: Duration,
    helpers: Arc<Helpers>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Jobs that can use more helpers.
    jobs: Vec<JobPointer>,
    /// Helpers called from rayon and not come yet.
    called: usize,
    /// When the last was called.
    called_at: Option<Instant>,
    /// Helpers looking for a job.
    idle: usize,
    /// Helpers in a job.
    busy: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct JobPointer(*const Job);

// SAFETY: a job is shared by design: all its fields but the pointers are Sync, the body is Sync.
unsafe impl Send for JobPointer {}

impl State {
    /// The helpers to call for `wanted` more.
    fn call(&mut self, wanted: usize, limit: usize) -> usize {
        let present = self.called + self.idle;
        let free = limit.saturating_sub(present + self.busy);
        let count = wanted.saturating_sub(present).min(free).min(WAKE);
        self.called += count;
        if count > 0 {
            self.called_at = Some(Instant::now());
        }
        count
    }

    /// Joins a job that can use another helper; strikes the others off the list.
    fn join(&mut self) -> Option<JobPointer> {
        while let Some(&pointer) = self.jobs.first() {
            // SAFETY: the job is listed and we hold the lock.
            let job = unsafe { &*pointer.0 };
            let exhausted = job.is_exhausted();
            let mut joined = job.joined.load(Ordering::Relaxed);
            if !exhausted {
                joined += 1;
                job.joined.store(joined, Ordering::Relaxed);
                job.active.fetch_add(1, Ordering::Relaxed);
            }
            if exhausted || joined >= job.wanted {
                self.jobs.remove(0);
                // The caller may go as soon as it sees this and no helper in the job.
                job.listed.store(false, Ordering::Release);
            } else {
                // The next helper is for the next job.
                self.jobs.rotate_left(1);
            }
            if !exhausted {
                return Some(pointer);
            }
        }
        None
    }
}

impl Board {
    fn publish(&self, state: &State) {
        self.open.0.store(state.jobs.len(), Ordering::Release);
    }

    /// A helper's life: from job to job, until there was none for a while.
    fn help(self: &Arc<Self>) {
        let mut state = lock(&self.state);
        state.called -= 1;
        loop {
            let joined = state.join();
            self.publish(&state);
            let Some(pointer) = joined else {
                state.idle += 1;
                drop(state);
                LOOKING.fetch_add(1, Ordering::Relaxed);
                let found = spin_until(self.spin, || self.open.0.load(Ordering::Acquire) > 0);
                LOOKING.fetch_sub(1, Ordering::Relaxed);
                state = lock(&self.state);
                state.idle -= 1;
                if !found && state.jobs.is_empty() {
                    return;
                }
                continue;
            };
            state.busy += 1;
            // SAFETY: we are counted in the job's `active`.
            let job = unsafe { &*pointer.0 };
            let missing = job.wanted - job.joined.load(Ordering::Relaxed);
            let call = state.call(missing, self.limit);
            drop(state);
            for _ in 0..call {
                let board = Arc::clone(self);
                rayon::spawn(move || board.help());
            }
            job.work(Role::Helper, rayon::current_thread_index().map_or(1, |index| index + 1));
            let caller = job.caller.clone();
            if job.active.fetch_sub(1, Ordering::Release) == 1 {
                // The job may be gone by now; its caller's handle is not.
                caller.unpark();
            }
            state = lock(&self.state);
            state.busy -= 1;
        }
    }
}

/// Spins until `done`, for at most `limit`, and not on a core that others want.
fn spin_until(limit: Duration, done: impl Fn() -> bool) -> bool {
    if done() {
        return true;
    }
    if limit.is_zero() {
        return false;
    }
    let start = Instant::now();
    let mut now = start;
    loop {
        for _ in 0..32 {
            std::hint::spin_loop();
            if done() {
                return true;
            }
        }
        let before = Instant::now();
        if before.duration_since(now) > CROWDED || before.duration_since(start) >= limit {
            return false;
        }
        thread::yield_now();
        now = Instant::now();
        if done() {
            return true;
        }
        if now.duration_since(before) > CROWDED {
            return false;
        }
    }
}

impl Team {
    fn new(threads: usize) -> Option<Team> {
        let limit = threads - 1;
        let helpers = Arc::new(Helpers::new(limit));
        let (starting, ending) = (Arc::clone(&helpers), Arc::clone(&helpers));
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(limit)
            .thread_name(|index| format!("corepy-{}", index + 1))
            .start_handler(move |index| starting.started(index))
            .exit_handler(move |index| ending.ended(index))
            .build()
            .ok()?;
        let spin = if threads <= cores() { SPIN } else { Duration::ZERO };
        let open = Padded(AtomicUsize::new(0));
        let board = Arc::new(Board { open, limit, spin, helpers, state: Mutex::default() });
        Some(Team { threads, pool, board })
    }

    fn run(&self, op: &'static str, chunks: usize, in_order: bool, body: &Body<'_>) -> Result<()> {
        // SAFETY: only the lifetime changes; the job is done with the body before we return.
        let body = unsafe { mem::transmute::<&Body<'_>, &Body<'static>>(body) };
        let wanted = self.board.limit.min(chunks - 1);
        let parts = if in_order { 1 } else { wanted + 1 };
        let mut job = Job {
            op,
            chunks,
            body,
            caller: thread::current(),
            wanted,
            joined: AtomicUsize::new(0),
            listed: AtomicBool::new(true),
            active: AtomicUsize::new(0),
            called: None,
            helpers: Arc::clone(&self.board.helpers),
            limit: AtomicUsize::new(chunks),
            failure: Mutex::new(None),
            parts: (0..parts).map(|index| Padded(Part::new(chunks, index, parts))).collect(),
        };
        let mut state = lock(&self.board.state);
        let call = state.call(job.wanted, self.board.limit);
        job.called = state.called_at.filter(|_| state.called > 0);
        let pointer = JobPointer(&raw const job);
        state.jobs.push(pointer);
        self.board.publish(&state);
        drop(state);
        // Nothing from here to the end of the waiting unwinds: helpers may hold the job.
        for _ in 0..call {
            let board = Arc::clone(&self.board);
            self.pool.spawn(move || board.help());
        }
        job.work(Role::Caller, 0);
        if job.listed.load(Ordering::Acquire) {
            let mut state = lock(&self.board.state);
            state.jobs.retain(|&other| other != pointer);
            self.board.publish(&state);
        }
        let is_done = || job.active.load(Ordering::Acquire) == 0;
        if !spin_until(LAST, is_done) {
            while !is_done() {
                thread::park();
            }
        }
        let failure = job.failure.into_inner().unwrap_or_else(PoisonError::into_inner);
        failure.map_or(Ok(()), |(_, error)| Err(error))
    }
}

/// The number of threads asked for; 0 until someone asks.
static THREADS: AtomicUsize = AtomicUsize::new(0);

static TEAM: Mutex<Option<Arc<Team>>> = Mutex::new(None);

/// The number of threads, the caller's included, for which there were no resources.
static REFUSED: AtomicUsize = AtomicUsize::new(0);

/// The cores that this process may use (affinity and cgroup limits count).
fn cores() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

fn configuration() -> &'static (usize, Option<String>) {
    static CONFIGURATION: OnceLock<(usize, Option<String>)> = OnceLock::new();
    CONFIGURATION.get_or_init(|| {
        let default = cores().min(MAX_THREADS);
        let Some(text) = std::env::var_os("COREPY_NUM_THREADS").filter(|text| !text.is_empty()) else {
            return (default, None);
        };
        match text.to_str().and_then(|text| text.trim().parse().ok()) {
            Some(threads @ 1..=MAX_THREADS) => (threads, None),
            _ => (
                default,
                Some(format!(
                    "COREPY_NUM_THREADS={} is not a number from 1 to {MAX_THREADS}; using {default}",
                    text.display()
                )),
            ),
        }
    })
}

/// Why `COREPY_NUM_THREADS` was not followed, if it makes no sense.
pub fn configuration_warning() -> Option<&'static str> {
    configuration().1.as_deref()
}

/// The number of threads that operations use, the calling one included: what was set last, else
/// `COREPY_NUM_THREADS`, else the number of cores that this process may use.
#[inline]
pub fn num_threads() -> usize {
    match THREADS.load(Ordering::Relaxed) {
        0 => configuration().0,
        threads => threads,
    }
}

/// Sets the number of threads for operations that start from now on. Those under way keep theirs.
pub fn set_num_threads(threads: usize) -> Result<()> {
    if !(1..=MAX_THREADS).contains(&threads) {
        let message = format!("the number of threads must be from 1 to {MAX_THREADS}, not {threads}");
        return Err(Error::Value { op: "set_num_threads", message });
    }
    THREADS.store(threads, Ordering::Relaxed);
    REFUSED.store(0, Ordering::Relaxed);
    install_fork_handlers();
    let old = lock(&TEAM).take_if(|team| team.threads != threads);
    drop(old);
    let old = lock(&POOL).take_if(|pool| pool.threads != threads);
    drop(old);
    Ok(())
}

/// The team of the size asked for; `None` where one thread is to do, or threads cannot be had.
fn team() -> Option<Arc<Team>> {
    let threads = num_threads();
    if threads == 1 || threads == REFUSED.load(Ordering::Relaxed) {
        return None;
    }
    install_fork_handlers();
    let mut slot = lock(&TEAM);
    if let Some(team) = slot.as_ref()
        && team.threads == threads
    {
        return Some(Arc::clone(team));
    }
    let team = Team::new(threads).map(Arc::new);
    if team.is_none() {
        REFUSED.store(threads, Ordering::Relaxed);
    }
    let old = mem::replace(&mut *slot, team.clone());
    drop(slot);
    drop(old);
    team
}

/// As many threads as operations use, for libraries that share their work by rayon's own means.
struct Pool {
    threads: usize,
    workers: rayon::ThreadPool,
    /// One at a time: two would take each other's threads, and wait for them.
    turn: Mutex<()>,
}

static POOL: Mutex<Option<Arc<Pool>>> = Mutex::new(None);

/// Calls `body` in a rayon pool of [`num_threads`] threads, started at the first use, and tells it so; or in this thread,
/// which it must then make do with: within a chunk, and where threads cannot be had. Panics of `body` go on.
pub fn in_pool<R: Send>(body: impl FnOnce(bool) -> R + Send) -> R {
    match if ROLE.get().is_inside() { None } else { pool() } {
        Some(pool) => {
            let _turn = lock(&pool.turn);
            pool.workers.install(|| body(true))
        }
        None => body(false),
    }
}

fn pool() -> Option<Arc<Pool>> {
    let threads = num_threads();
    install_fork_handlers();
    let mut slot = lock(&POOL);
    if let Some(pool) = slot.as_ref()
        && pool.threads == threads
    {
        return Some(Arc::clone(pool));
    }
    let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
    let workers = builder.thread_name(|index| format!("corepy-pool-{}", index + 1)).build().ok()?;
    let pool = Arc::new(Pool { threads, workers, turn: Mutex::new(()) });
    let old = slot.replace(Arc::clone(&pool));
    drop(slot);
    drop(old);
    Some(pool)
}

/// The child of a fork has only the forking thread: it must find neither a held lock nor a team
/// whose threads are gone.
fn install_fork_handlers() {
    #[cfg(all(unix, not(miri)))]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        // SAFETY: the handlers are functions of this library, which is never unloaded. When
        // registering fails, fork stays as unsafe as it is for any threads.
        ONCE.call_once(|| unsafe {
            libc::pthread_atfork(Some(fork::before), Some(fork::parent), Some(fork::child));
        });
    }
}

#[cfg(all(unix, not(miri)))]
mod fork {
    use super::{Arc, Cell, LOOKING, MutexGuard, Ordering, POOL, Pool, ROLE, Role, TEAM, Team, lock, mem};

    type Held = (MutexGuard<'static, Option<Arc<Team>>>, MutexGuard<'static, Option<Arc<Pool>>>);

    thread_local! {
        static HELD: Cell<Option<Held>> = const { Cell::new(None) };
    }

    pub(super) extern "C" fn before() {
        let _ = HELD.try_with(|held| held.set(Some((lock(&TEAM), lock(&POOL)))));
    }

    pub(super) extern "C" fn parent() {
        let _ = HELD.try_with(Cell::take);
    }

    pub(super) extern "C" fn child() {
        if let Ok(Some((mut team, mut pool))) = HELD.try_with(Cell::take) {
            // Dropping them would touch locks that threads which are gone may hold.
            mem::forget(team.take());
            mem::forget(pool.take());
        }
        LOOKING.store(0, Ordering::Relaxed);
        let _ = ROLE.try_with(|role| role.set(Role::Outside));
    }
}

#[cfg(test)]
mod tests;
