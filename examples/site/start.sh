# Stands for the application: answers every path, /health among them, over HTTPS on port 8080, from what the image has.
# Its settings and the names of its secrets are in /etc/twin.env; whatever comes in its place reads them there.
command -v openssl > /dev/null || dnf --assumeyes install openssl
mkdir -p /opt/site
cat > /opt/site/serve.py <<'END'
import os, ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site(BaseHTTPRequestHandler):
    timeout = 30  # seconds for a client to say what it wants

    def do_GET(self):
        text = f"Hello from {os.environ['REGION']}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_HEAD = do_GET


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("certificate.pem", "key.pem")
address = (os.environ.get("ADDRESS", ""), int(os.environ.get("PORT", "8080")))
server = ThreadingHTTPServer(address, Site)
# Each connection shakes hands in its own thread: one that hangs holds up no other.
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
END
cat > /etc/systemd/system/site.service <<'END'
[Unit]
Description=The site
After=network-online.target
Wants=network-online.target

[Service]
DynamicUser=yes
StateDirectory=site
WorkingDirectory=/var/lib/site
EnvironmentFile=/etc/twin.env
# The load balancer takes any certificate: it is in the VPC, where addresses are not forged.
ExecStartPre=/usr/bin/openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=site -keyout key.pem -out certificate.pem
ExecStart=/usr/bin/python3 /opt/site/serve.py
Restart=always

[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable --now site.service
