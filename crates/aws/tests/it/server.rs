//! An HTTP server that answers from a script, one reply for each request.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// What the server does with one request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Answers.
    Answer { status: u16, content_type: &'static str, headers: Vec<(&'static str, &'static str)>, body: String },
    /// Closes the connection without an answer.
    Close,
    /// Announces a longer body than it sends, then closes.
    CutOff,
}

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) authorization: String,
    pub(crate) body: String,
}

/// A server; the last reply of its script repeats.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

pub(crate) const IDENTITY: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
    <GetCallerIdentityResult><Arn>arn:aws:iam::210987654321:root</Arn><UserId>x</UserId>\
    <Account>210987654321</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

impl Reply {
    pub(crate) fn xml(status: u16, body: impl Into<String>) -> Self {
        let headers = vec![("x-amzn-requestid", "from-the-header")];
        Self::Answer { status, content_type: "text/xml", headers, body: body.into() }
    }

    pub(crate) fn html(status: u16) -> Self {
        let body = "<!doctype html><title>Not here</title>".to_owned();
        Self::Answer { status, content_type: "text/html; charset=utf-8", headers: Vec::new(), body }
    }

    pub(crate) fn identity() -> Self {
        Self::xml(200, IDENTITY)
    }

    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::xml(
            status,
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                 <RequestId>from-the-body</RequestId></ErrorResponse>"
            ),
        )
    }
}

impl Server {
    pub(crate) fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let script: Vec<_> = script.into_iter().collect();
        let server = Self { port, received: Arc::clone(&received) };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, received) = (script.clone(), Arc::clone(&received));
                thread::spawn(move || serve(stream, &script, &received));
            }
        });
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().expect("no panic").clone()
    }
}

/// Serves one connection until somebody closes it.
fn serve(stream: TcpStream, script: &[Reply], received: &Mutex<Vec<Received>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let mut writer = stream;
    while let Some(request) = read(&mut reader) {
        let number = {
            let mut received = received.lock().expect("no panic");
            received.push(request);
            received.len() - 1
        };
        let reply = script.get(number).or(script.last()).expect("a script has replies");
        let text = match reply {
            Reply::Answer { status, content_type, headers, body } => {
                let headers: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                let (headers, length) = (headers.concat(), body.len());
                format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\n{headers}content-length: {length}\r\n\r\n{body}"
                )
            }
            Reply::Close => return,
            Reply::CutOff => {
                let _ =
                    writer.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: 999\r\n\r\n<cut");
                return;
            }
        };
        if writer.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let (mut authorization, mut length) = (String::new(), 0);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => value.clone_into(&mut authorization),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received { authorization, body: String::from_utf8_lossy(&body).into_owned() })
}
