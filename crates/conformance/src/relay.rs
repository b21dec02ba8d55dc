//! A relay in front of an emulator, for programs that run as processes of their own: it counts the calls that pass,
//! and does something to the one that it is told to, such as killing the program.

use std::{
    fmt,
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use crate::emulator::Running;

/// A point in the life of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The program has sent the call; the service has not seen it.
    Before,
    /// The service has done it and answered; the program has not heard of it.
    After,
}

/// Counts calls over any number of relays, and strikes one of them.
#[derive(Clone, Default)]
pub struct Calls(Arc<Mutex<Count>>);

#[derive(Default)]
struct Count {
    passed: usize,
    strike: Option<Strike>,
}

struct Strike {
    at: usize,
    moment: Moment,
    blow: Box<dyn FnOnce() + Send>,
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Calls").field(&self.passed()).finish()
    }
}

impl Calls {
    /// A count that starts at 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many calls passed so far.
    pub fn passed(&self) -> usize {
        self.count().passed
    }

    /// Strikes the call of that number from here on, counted from 0: it goes no further, and neither does its answer.
    pub fn strike(&self, number: usize, moment: Moment, blow: impl FnOnce() + Send + 'static) {
        let mut count = self.count();
        let at = count.passed + number;
        count.strike = Some(Strike { at, moment, blow: Box::new(blow) });
    }

    /// Lets every call pass from here on.
    pub fn spare(&self) {
        self.count().strike = None;
    }

    fn count(&self) -> MutexGuard<'_, Count> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call begins; returns the strike when it is the one.
    fn next(&self) -> Option<Strike> {
        let mut count = self.count();
        let number = count.passed;
        count.passed += 1;
        count.strike.take_if(|strike| strike.at == number)
    }
}

/// An emulator's address with a relay behind it.
#[derive(Debug)]
pub struct Relay {
    url: String,
}

impl Relay {
    /// Relays to an emulator, on a free port of 127.0.0.1, until the process ends.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn to(emulator: &Running, calls: &Calls) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let url = format!("http://{}", listener.local_addr()?);
        let (service, calls) = (emulator.address(), calls.clone());
        thread::spawn(move || {
            for program in listener.incoming().flatten() {
                let calls = calls.clone();
                // A connection that breaks ends its thread; the program sees the same as without a relay.
                thread::spawn(move || serve(&program, service, &calls));
            }
        });
        Ok(Self { url })
    }

    /// Its endpoint: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Relays one connection. A program sends no call before the last one is answered, so that bytes from it after bytes
/// to it begin a call.
fn serve(program: &TcpStream, service: SocketAddr, calls: &Calls) -> io::Result<()> {
    let service = TcpStream::connect(service)?;
    let waiting: Mutex<Option<Strike>> = Mutex::new(None);
    let answered = Mutex::new(true);
    let lock = |strike: &Mutex<Option<Strike>>| strike.lock().unwrap_or_else(PoisonError::into_inner).take();
    thread::scope(|scope| {
        scope.spawn(|| {
            let heard = pump(&service, program, || {
                *answered.lock().unwrap_or_else(PoisonError::into_inner) = true;
                lock(&waiting)
            });
            close(program, &service);
            heard
        });
        let said = pump(program, &service, || {
            let begins = std::mem::replace(&mut *answered.lock().unwrap_or_else(PoisonError::into_inner), false);
            let strike = if begins { calls.next() } else { None };
            match strike {
                Some(strike) if strike.moment == Moment::After => {
                    *waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(strike);
                    None
                }
                other => other,
            }
        });
        close(program, &service);
        said
    })
}

/// Passes bytes on until one side ends or a strike falls.
fn pump(mut from: &TcpStream, mut to: &TcpStream, mut struck: impl FnMut() -> Option<Strike>) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        if let Some(strike) = struck() {
            (strike.blow)();
            return Ok(());
        }
        to.write_all(&buffer[..read])?;
    }
}

fn close(program: &TcpStream, service: &TcpStream) {
    // They are closed already when this fails.
    let _ = program.shutdown(Shutdown::Both);
    let _ = service.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use std::io::BufRead;

    use super::*;

    /// A service that answers each line with itself.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                for line in io::BufReader::new(&stream).lines().map_while(Result::ok) {
                    writeln!(&stream, "{line}").expect("answers");
                }
            }
        });
        address
    }

    fn ask(stream: &TcpStream, line: &str) -> io::Result<String> {
        let mut stream = stream;
        writeln!(stream, "{line}")?;
        let mut answer = String::new();
        io::BufReader::new(stream).read_line(&mut answer)?;
        Ok(answer)
    }

    #[test]
    fn calls_are_counted_and_one_is_struck() {
        for moment in [Moment::Before, Moment::After] {
            let (calls, service) = (Calls::new(), echo());
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
            let program = TcpStream::connect(listener.local_addr().expect("an address")).expect("connects");
            let (relayed, _) = listener.accept().expect("accepts");
            let counter = calls.clone();
            thread::spawn(move || serve(&relayed, service, &counter));
            let (tell, told) = std::sync::mpsc::channel();
            calls.strike(2, moment, move || tell.send(()).expect("somebody waits"));
            assert_eq!(ask(&program, "one").expect("passes"), "one\n");
            assert_eq!(ask(&program, "two").expect("passes"), "two\n");
            assert_eq!(ask(&program, "three").unwrap_or_default(), "", "{moment:?}");
            told.recv().expect("the blow fell");
            assert_eq!(calls.passed(), 3);
        }
    }
}
