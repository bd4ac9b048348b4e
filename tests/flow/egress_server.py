"""egress_server.py FOLDER CERT KEY: for egress.sh. Two servers on 127.0.0.1 over a folder, one plain, one with TLS.

Prints their ports. /git/ is git's own http-backend. FOLDER/seen gets each request with its Authorization.
"""
import http.server
import os
import ssl
import subprocess
import sys
import threading

folder, cert, key = sys.argv[1:4]
seen = open(os.path.join(folder, "seen"), "a", buffering=1)


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *args):
        super().__init__(*args, directory=os.path.join(folder, "www"))

    def log_message(self, *args):
        pass

    def note(self):
        seen.write("%s %s %s\n" % (self.command, self.path, self.headers.get("Authorization", "-")))

    def do_GET(self):
        self.note()
        if self.path.startswith("/git/"):
            self.git()
        elif self.path.startswith("/echo"):
            self.answer(200, "text/plain", str(self.headers).encode())
        else:
            super().do_GET()

    def do_POST(self):
        self.note()
        self.git()

    def body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def git(self):
        path, _, query = self.path.partition("?")
        env = dict(os.environ, GIT_PROJECT_ROOT=os.path.join(folder, "git"), GIT_HTTP_EXPORT_ALL="1",
                   PATH_INFO=path[len("/git"):], QUERY_STRING=query, REQUEST_METHOD=self.command,
                   CONTENT_TYPE=self.headers.get("Content-Type", ""), REMOTE_USER="x", REMOTE_ADDR="127.0.0.1",
                   HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""),
                   GIT_PROTOCOL=self.headers.get("Git-Protocol", ""))
        done = subprocess.run(["git", "http-backend"], input=self.body(), env=env, capture_output=True)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self.answer(int(fields.get("Status", "200").split()[0]), fields.get("Content-Type", "text/plain"), body)


plain = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
tls = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
tls.socket = context.wrap_socket(tls.socket, server_side=True)
print(plain.server_address[1], tls.server_address[1], flush=True)
threading.Thread(target=plain.serve_forever, daemon=True).start()
tls.serve_forever()
