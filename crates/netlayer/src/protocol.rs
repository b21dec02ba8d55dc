//! Protocols and ports of security group rules.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A range of ports, both ends included: `443`, `1024-65535`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// Every port.
    pub const ALL: Self = Self { first: 0, last: u16::MAX };

    /// The ports from `first` to `last`.
    ///
    /// # Errors
    /// [`InvalidProtocol`] when `first` is above `last`.
    pub fn new(first: u16, last: u16) -> Result<Self, InvalidProtocol> {
        if first > last {
            return Err(InvalidProtocol::new(&format!("{first}-{last}"), "its first port is above its last"));
        }
        Ok(Self { first, last })
    }

    /// First port of the range.
    pub fn first(self) -> u16 {
        self.first
    }

    /// Last port of the range.
    pub fn last(self) -> u16 {
        self.last
    }
}

impl From<u16> for PortRange {
    fn from(port: u16) -> Self {
        Self { first: port, last: port }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { write!(f, "{}", self.first) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

impl FromStr for PortRange {
    type Err = InvalidProtocol;

    fn from_str(text: &str) -> Result<Self, InvalidProtocol> {
        let port = |part: &str| {
            part.parse::<u16>().map_err(|_| InvalidProtocol::new(text, "a port is a number from 0 to 65535"))
        };
        match text.split_once('-') {
            Some((first, last)) => Self::new(port(first)?, port(last)?),
            None => port(text).map(Self::from),
        }
    }
}

/// What a security group rule lets through: `all`, `tcp/443`, `udp/1024-65535`, `icmp/3/4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Protocol {
    /// Everything.
    All,
    /// TCP to these ports.
    Tcp(PortRange),
    /// UDP to these ports.
    Udp(PortRange),
    /// ICMP.
    Icmp(IcmpMessages),
    /// ICMP for IPv6.
    Icmpv6(IcmpMessages),
    /// Another protocol by its IANA number, without ports: 50 for ESP. The numbers of the protocols above mean
    /// those, with all their ports or messages.
    Number(u8),
}

/// Which ICMP messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IcmpMessages {
    /// All of them.
    All,
    /// All of one type: 8 for echo requests.
    Type(u8),
    /// One code of one type: 3 and 4, by which hosts find the size of packets that fits a path.
    Code(u8, u8),
}

impl Protocol {
    /// TCP to a port or a range of ports.
    pub fn tcp(ports: impl Into<PortRange>) -> Self {
        Self::Tcp(ports.into())
    }

    /// UDP to a port or a range of ports.
    pub fn udp(ports: impl Into<PortRange>) -> Self {
        Self::Udp(ports.into())
    }

    /// The protocol by its IANA number.
    pub fn number(number: u8) -> Self {
        match number {
            1 => Self::Icmp(IcmpMessages::All),
            6 => Self::Tcp(PortRange::ALL),
            17 => Self::Udp(PortRange::ALL),
            58 => Self::Icmpv6(IcmpMessages::All),
            number => Self::Number(number),
        }
    }

    /// Protocol and both ends of the range, as EC2 writes them.
    pub fn to_ec2(self) -> (String, i32, i32) {
        let icmp = |messages| match messages {
            IcmpMessages::All => (-1, -1),
            IcmpMessages::Type(kind) => (i32::from(kind), -1),
            IcmpMessages::Code(kind, code) => (i32::from(kind), i32::from(code)),
        };
        let (name, (from, to)) = match self {
            Self::All => ("-1".to_owned(), (-1, -1)),
            Self::Tcp(ports) => ("tcp".to_owned(), (ports.first.into(), ports.last.into())),
            Self::Udp(ports) => ("udp".to_owned(), (ports.first.into(), ports.last.into())),
            Self::Icmp(messages) => ("icmp".to_owned(), icmp(messages)),
            Self::Icmpv6(messages) => ("icmpv6".to_owned(), icmp(messages)),
            Self::Number(number) => match Self::number(number) {
                Self::Number(number) => (number.to_string(), (-1, -1)),
                named => return named.to_ec2(),
            },
        };
        (name, from, to)
    }

    /// What EC2 wrote, with the ends of the range where it told them.
    ///
    /// # Errors
    /// [`InvalidProtocol`] when it is none of EC2's forms.
    pub fn from_ec2(name: &str, from: Option<i32>, to: Option<i32>) -> Result<Self, InvalidProtocol> {
        let invalid = |why| InvalidProtocol::new(&format!("{name} {from:?} {to:?}"), why);
        let ports = || match (from, to) {
            (None | Some(-1), None | Some(-1)) => Ok(PortRange::ALL),
            (Some(from), Some(to)) => match (from.try_into(), to.try_into()) {
                (Ok(from), Ok(to)) => PortRange::new(from, to),
                _ => Err(invalid("a port is a number from 0 to 65535")),
            },
            _ => Err(invalid("it has one end of a range only")),
        };
        let messages = || match (from.unwrap_or(-1), to.unwrap_or(-1)) {
            (-1, _) => Ok(IcmpMessages::All),
            (kind, code) => match (kind.try_into(), code) {
                (Ok(kind), -1) => Ok(IcmpMessages::Type(kind)),
                (Ok(kind), code) => match code.try_into() {
                    Ok(code) => Ok(IcmpMessages::Code(kind, code)),
                    Err(_) => Err(invalid("an ICMP code is a number from 0 to 255")),
                },
                _ => Err(invalid("an ICMP type is a number from 0 to 255")),
            },
        };
        match name {
            "-1" => Ok(Self::All),
            "tcp" | "6" => ports().map(Self::Tcp),
            "udp" | "17" => ports().map(Self::Udp),
            "icmp" | "1" => messages().map(Self::Icmp),
            "icmpv6" | "58" => messages().map(Self::Icmpv6),
            number => match number.parse() {
                Ok(number) => Ok(Self::Number(number)),
                Err(_) => Err(invalid("a protocol is `-1`, tcp, udp, icmp, icmpv6 or a number from 0 to 255")),
            },
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut icmp = |name: &str, messages: &IcmpMessages| match messages {
            IcmpMessages::All => f.write_str(name),
            IcmpMessages::Type(kind) => write!(f, "{name}/{kind}"),
            IcmpMessages::Code(kind, code) => write!(f, "{name}/{kind}/{code}"),
        };
        match self {
            Self::All => f.write_str("all"),
            Self::Tcp(ports) => write!(f, "tcp/{ports}"),
            Self::Udp(ports) => write!(f, "udp/{ports}"),
            Self::Icmp(messages) => icmp("icmp", messages),
            Self::Icmpv6(messages) => icmp("icmpv6", messages),
            Self::Number(number) => match Self::number(*number) {
                Self::Number(number) => write!(f, "protocol/{number}"),
                named => named.fmt(f),
            },
        }
    }
}

impl FromStr for Protocol {
    type Err = InvalidProtocol;

    fn from_str(text: &str) -> Result<Self, InvalidProtocol> {
        let invalid = |why| InvalidProtocol::new(text, why);
        let byte = |part: &str| part.parse::<u8>().map_err(|_| invalid("a number there goes from 0 to 255"));
        let icmp = |parts: &[&str]| match parts {
            [] => Ok(IcmpMessages::All),
            [kind] => Ok(IcmpMessages::Type(byte(kind)?)),
            [kind, code] => Ok(IcmpMessages::Code(byte(kind)?, byte(code)?)),
            _ => Err(invalid("ICMP has a type and a code")),
        };
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            ["all"] => Ok(Self::All),
            ["tcp", range] => range.parse().map(Self::Tcp),
            ["udp", range] => range.parse().map(Self::Udp),
            ["icmp", rest @ ..] => icmp(rest).map(Self::Icmp),
            ["icmpv6", rest @ ..] => icmp(rest).map(Self::Icmpv6),
            ["protocol", number] => byte(number).map(Self::number),
            _ => Err(invalid("write all, tcp/443, udp/1024-65535, icmp, icmp/3/4, icmpv6 or protocol/50")),
        }
    }
}

impl TryFrom<String> for Protocol {
    type Error = InvalidProtocol;

    fn try_from(text: String) -> Result<Self, InvalidProtocol> {
        text.parse()
    }
}

impl From<Protocol> for String {
    fn from(protocol: Protocol) -> Self {
        protocol.to_string()
    }
}

/// A text that is no protocol or no range of ports.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` says no protocol and ports: {why}")]
pub struct InvalidProtocol {
    text: String,
    why: &'static str,
}

impl InvalidProtocol {
    fn new(text: &str, why: &'static str) -> Self {
        Self { text: text.to_owned(), why }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn messages() -> impl Strategy<Value = IcmpMessages> {
        prop_oneof![
            Just(IcmpMessages::All),
            any::<u8>().prop_map(IcmpMessages::Type),
            any::<(u8, u8)>().prop_map(|(kind, code)| IcmpMessages::Code(kind, code)),
        ]
    }

    fn protocols() -> impl Strategy<Value = Protocol> {
        let ports = any::<(u16, u16)>().prop_map(|(a, b)| PortRange { first: a.min(b), last: a.max(b) });
        prop_oneof![
            Just(Protocol::All),
            ports.clone().prop_map(Protocol::Tcp),
            ports.prop_map(Protocol::Udp),
            messages().prop_map(Protocol::Icmp),
            messages().prop_map(Protocol::Icmpv6),
            any::<u8>().prop_map(Protocol::number),
        ]
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(protocol in protocols()) {
            prop_assert_eq!(protocol.to_string().parse(), Ok(protocol));
        }

        #[test]
        fn what_ec2_is_told_it_tells_back(protocol in protocols()) {
            let (name, from, to) = protocol.to_ec2();
            prop_assert_eq!(Protocol::from_ec2(&name, Some(from), Some(to)), Ok(protocol));
        }
    }

    #[test]
    fn protocols_read_as_people_write_them() {
        let check = |protocol: Protocol, text: &str| assert_eq!(protocol.to_string(), text);
        check(Protocol::tcp(443), "tcp/443");
        check(Protocol::udp(PortRange::new(1024, 65535).unwrap()), "udp/1024-65535");
        check(Protocol::Icmp(IcmpMessages::Code(3, 4)), "icmp/3/4");
        check(Protocol::Number(50), "protocol/50");
        check(Protocol::Number(6), "tcp/0-65535");
        check(Protocol::All, "all");
    }

    #[test]
    fn ec2_leaves_out_ports_where_they_mean_nothing() {
        let check = |name: &str, expected| assert_eq!(Protocol::from_ec2(name, None, None), Ok(expected));
        check("-1", Protocol::All);
        check("50", Protocol::Number(50));
        check("icmp", Protocol::Icmp(IcmpMessages::All));
        check("6", Protocol::Tcp(PortRange::ALL));
    }

    #[test]
    fn what_is_no_protocol_says_why() {
        for (text, why) in [
            ("tcp", "write all"),
            ("tcp/99999", "0 to 65535"),
            ("tcp/443-80", "above its last"),
            ("icmp/300", "0 to 255"),
            ("icmp/1/2/3", "a type and a code"),
            ("", "write all"),
        ] {
            let error = text.parse::<Protocol>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        assert!(Protocol::from_ec2("tcp", Some(80), None).is_err());
        assert!(Protocol::from_ec2("bgp", None, None).is_err());
    }
}
