//! Emulators of AWS that others wrote, installed in pinned versions and run as child processes.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// An emulator of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emulator {
    /// <https://docs.getmoto.org>: most services, and many of AWS's rules.
    Moto,
    /// <https://pypi.org/project/ministack>: CloudFront, CloudWatch, replicas.
    Ministack,
}

/// An emulator that can't be used. The tests that need it fail; they are never skipped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmulatorError {
    /// There is no Python to run it with.
    #[error("the emulators need `python3` (3.10 or later, with venv) on the PATH: {why}")]
    Python {
        /// What was tried and what came of it.
        why: String,
    },
    /// It could not be installed.
    #[error("{package} could not be installed from PyPI into {}: check the network and try again\n{output}", directory.display())]
    Install {
        /// The pinned package.
        package: &'static str,
        /// The virtual environment.
        directory: PathBuf,
        /// What pip said.
        output: String,
    },
    /// It did not start.
    #[error("{emulator:?} did not start; its output is in {}", log.display())]
    Start {
        /// The emulator.
        emulator: Emulator,
        /// The file with its output.
        log: PathBuf,
    },
    /// A file of the installation can't be written.
    #[error("the emulators can't be set up in {}", path.display())]
    Files {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// An emulator that runs; it ends with the value, or with the process whatever ends that.
#[derive(Debug)]
pub struct Running {
    url: String,
    address: SocketAddr,
    log: PathBuf,
    reset: &'static str,
    child: Child,
}

/// Runs the emulator until standard input ends, which it does when the test process is gone, killed or not.
const WATCH: &str = "import glob, os, runpy, sys, threading\n\
    threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()\n";

const START_WITHIN: Duration = Duration::from_mins(1);

impl Emulator {
    /// The packages, pinned; the first one names the installation.
    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Moto => &["moto[server]==5.2.5"],
            Self::Ministack => &["ministack==1.5.33", "cbor2==6.2.1"],
        }
    }

    fn directory(self) -> &'static str {
        match self {
            Self::Moto => "moto-5.2.5",
            Self::Ministack => "ministack-1.5.33",
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Moto => {
                "for patch in sorted(glob.glob(os.environ['LANDFALL_PATCHES'] + '/moto/*.py')): runpy.run_path(patch)\n\
                sys.argv = ['moto_server', '-H', '127.0.0.1', '-p', os.environ['LANDFALL_PORT']]\n\
                from moto.server import main\nmain()\n"
            }
            Self::Ministack => {
                "for patch in sorted(glob.glob(os.environ['LANDFALL_PATCHES'] + '/ministack/*.py')): runpy.run_path(patch)\n\
                sys.argv = ['ministack']\nfrom ministack.app import main\nmain()\n"
            }
        }
    }

    /// Path that answers once the emulator serves, and path that forgets everything when posted to.
    fn paths(self) -> (&'static str, &'static str) {
        match self {
            Self::Moto => ("/moto-api/", "/moto-api/reset"),
            Self::Ministack => ("/_ministack/health", "/_ministack/reset"),
        }
    }

    /// The instance that the tests of this process share, started when first asked for.
    ///
    /// # Panics
    /// When it can't be had: a test that needs it fails.
    #[expect(clippy::panic, reason = "the tests that need an emulator fail without it, and say why")]
    pub fn shared(self) -> &'static Running {
        static MOTO: OnceLock<Running> = OnceLock::new();
        static MINISTACK: OnceLock<Running> = OnceLock::new();
        let shared = match self {
            Self::Moto => &MOTO,
            Self::Ministack => &MINISTACK,
        };
        shared.get_or_init(|| self.start().unwrap_or_else(|error| panic!("{}", chain(&error))))
    }

    /// Starts an instance of its own, with nothing in it, on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// An [`EmulatorError`] that says what to do.
    pub fn start(self) -> Result<Running, EmulatorError> {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let root = target_directory().join("emulators");
        let python = self.install(&root)?;
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        if number == 0 {
            remove_old_logs(&root);
        }
        let log = root.join(format!("{}.{}.{number}.log", self.directory(), std::process::id()));
        // A port that was free may be taken before the emulator binds it: then another one is tried.
        for _ in 0..5 {
            if let Some(running) = self.launch(&python, &log)? {
                return Ok(running);
            }
        }
        Err(EmulatorError::Start { emulator: self, log })
    }

    /// One attempt; `None` when the emulator ended at once.
    fn launch(self, python: &Path, log: &Path) -> Result<Option<Running>, EmulatorError> {
        let files = |source| EmulatorError::Files { path: log.to_owned(), source };
        let port = free_port().map_err(files)?;
        let output = OpenOptions::new().create(true).append(true).open(log).map_err(files)?;
        let child = Command::new(python)
            .args(["-c", &format!("{WATCH}{}", self.program())])
            .env("LANDFALL_PORT", port.to_string())
            .env("LANDFALL_PATCHES", concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/emulators"))
            .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
            .env("MOTO_ACM_VALIDATION_WAIT", "1")
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("MINISTACK_ACCOUNT_ID", "123456789012")
            .stdin(Stdio::piped())
            .stdout(output.try_clone().map_err(files)?)
            .stderr(output)
            .spawn()
            .map_err(files)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let (ready, reset) = self.paths();
        let mut running = Running { url: format!("http://{address}"), address, log: log.to_owned(), reset, child };
        let begun = Instant::now();
        while begun.elapsed() < START_WITHIN {
            if running.child.try_wait().map_err(files)?.is_some() {
                return Ok(None);
            }
            if request(address, "GET", ready).is_ok_and(|status| status == 200) {
                return Ok(Some(running));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(EmulatorError::Start { emulator: self, log: log.to_owned() })
    }

    /// The Python that runs it; moto's has boto3.
    ///
    /// # Errors
    /// An [`EmulatorError`] that says what to do.
    pub fn python(self) -> Result<PathBuf, EmulatorError> {
        self.install(&target_directory().join("emulators"))
    }

    /// The Python of a virtual environment that holds the emulator; made under a lock, once.
    fn install(self, root: &Path) -> Result<PathBuf, EmulatorError> {
        let directory = root.join(self.directory());
        let files = |path: &Path| {
            let path = path.to_owned();
            move |source| EmulatorError::Files { path, source }
        };
        fs::create_dir_all(root).map_err(files(root))?;
        let lock_path = root.join(format!("{}.lock", self.directory()));
        let lock = File::create(&lock_path).map_err(files(&lock_path))?;
        lock.lock().map_err(files(&lock_path))?;
        let python = directory.join("bin").join("python3");
        let complete = directory.join("complete");
        if fs::read_to_string(&complete).is_ok_and(|packages| packages == self.packages().join(" ")) {
            return Ok(python);
        }
        if directory.exists() {
            fs::remove_dir_all(&directory).map_err(files(&directory))?;
        }
        let venv = Command::new("python3").args(["-m", "venv"]).arg(&directory).output();
        let venv = venv.map_err(|error| EmulatorError::Python { why: error.to_string() })?;
        if !venv.status.success() {
            let why = format!("`python3 -m venv` failed: {}", text(&venv.stdout, &venv.stderr));
            return Err(EmulatorError::Python { why });
        }
        let pip = Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(self.packages())
            .output()
            .map_err(files(&python))?;
        if !pip.status.success() {
            let output = text(&pip.stdout, &pip.stderr);
            return Err(EmulatorError::Install { package: self.packages()[0], directory, output });
        }
        fs::write(&complete, self.packages().join(" ")).map_err(files(&complete))?;
        Ok(python)
    }
}

impl Running {
    /// Its endpoint: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address that it listens on.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The file with its output.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Makes it forget everything, for all tests that share it.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn reset(&self) -> std::io::Result<()> {
        request(self.address, "POST", self.reset).map(drop)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already when this fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Removes the output of emulators that ended long ago; what can't be removed stays.
fn remove_old_logs(root: &Path) {
    let is_old = |path: &Path| {
        let age = path.metadata().and_then(|file| file.modified()).map(|at| at.elapsed().unwrap_or_default());
        path.extension().is_some_and(|extension| extension == "log")
            && age.is_ok_and(|age| age > Duration::from_hours(6))
    };
    for file in fs::read_dir(root).into_iter().flatten().flatten().filter(|file| is_old(&file.path())) {
        let _ = fs::remove_file(file.path());
    }
}

/// The status that the server answers.
fn request(address: SocketAddr, method: &str, path: &str) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: 0\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default())
}

fn free_port() -> std::io::Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr().map(|address| address.port())
}

/// The directory into which cargo builds: where this program runs from, or the workspace's own.
fn target_directory() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let built = program.ancestors().find(|directory| directory.join("CACHEDIR.TAG").is_file());
    built.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), Path::to_owned)
}

fn text(stdout: &[u8], stderr: &[u8]) -> String {
    format!("{}{}", String::from_utf8_lossy(stdout), String::from_utf8_lossy(stderr))
}

/// An error with everything that caused it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
