import HTTP
import Synchronization
import TestKit
import Testing
import Vocabulary

@Suite("Requests and answers")
struct HTTPServerTests {
  /// Says back what it was asked.
  static func echo(_ request: HTTPRequest) -> HTTPResponse {
    var text = "\(request.method) \(request.pathText) \(request.body.count)"
    if let header = request.header("x-test") { text += " x-test=\(header)" }
    if !request.body.isEmpty { text += " sum=\(request.body.reduce(0) { ($0 + Int($1)) % 65_521 })" }
    return HTTPResponse(text: text)
  }

  /// Opens a server, asks it things, and closes it whatever comes.
  func withServer<Result>(
    threads: Int = 1, _ limits: HTTPLimits = HTTPLimits(),
    _ handler: @escaping @Sendable (HTTPRequest) -> HTTPResponse = echo, _ body: (HTTPServer) throws -> Result
  ) throws -> Result {
    let server = try HTTPServer.start(
      threads: threads, limits: limits, handler: handler)
    defer { server.stop() }
    return try body(server)
  }

  @Test("method, path, header and body reach the handler, and many requests share a connection")
  func echoes() throws {
    try withServer { server in
      let client = try #require(HTTPClient(port: server.port))
      for round in 0..<50 {
        let body = [UInt8](repeating: 3, count: round * 997)
        let sum = body.isEmpty ? "" : " sum=\(body.count * 3 % 65_521)"
        let reply = client.request("POST", "/a%20b/\(round)?key=v%26w", body: body, headers: ["X-Test: yes"])
        #expect(reply?.text == "post /a b/\(round) \(body.count) x-test=yes\(sum)")
        #expect(reply?.status == 200)
        #expect(reply?.headers["content-type"] == "text/plain; charset=utf-8")
      }
      #expect(client.get("/")?.text == "get / 0")
      let head = client.request("HEAD", "/")
      #expect(head?.status == 200)
      #expect(head?.headers["content-length"] == "8")
    }
  }

  @Test("a body larger than allowed is answered with 413, announced or in chunks, and the server goes on")
  func largeBodies() throws {
    var limits = HTTPLimits()
    limits.bodyBytesMax = 1000
    try withServer(limits) { server in
      // What is near its end is read to its end: the client gets to read why, and goes on.
      let announced = try #require(HTTPClient(port: server.port))
      let refusal = announced.request("POST", "/", body: [UInt8](repeating: 1, count: 100_000))
      #expect(refusal?.status == 413)
      #expect(refusal?.text == #"{"error":"the body is larger than the 1000 bytes allowed"}"#)
      #expect(announced.get("/")?.status == 200)

      let lying = try #require(HTTPClient(port: server.port))
      lying.send(Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n".utf8))
      let early = lying.reply()
      #expect(early?.status == 413)
      #expect(early?.headers["connection"] == "close")

      let chunked = try #require(HTTPClient(port: server.port))
      chunked.send(Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".utf8))
      for _ in 0..<11 { chunked.send(Array("64\r\n".utf8) + [UInt8](repeating: 1, count: 100) + Array("\r\n".utf8)) }
      chunked.send(Array("0\r\n\r\n".utf8))
      #expect(chunked.reply()?.status == 413)

      let endless = try #require(HTTPClient(port: server.port))
      endless.send(Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".utf8))
      let piece = Array("10000\r\n".utf8) + [UInt8](repeating: 1, count: 65_536) + Array("\r\n".utf8)
      let ended = (0..<1000).contains { _ in !endless.send(piece) }
      #expect(ended)

      let exact = try #require(HTTPClient(port: server.port))
      #expect(exact.request("POST", "/", body: [UInt8](repeating: 1, count: 1000))?.text == "post / 1000 sum=1000")
      #expect(exact.get("/")?.status == 200)
    }
  }

  @Test("words that are not HTTP disturb nobody")
  func garbage() throws {
    try withServer { server in
      let stranger = try #require(HTTPClient(port: server.port))
      stranger.send([0, 1, 2, 3, 13, 10, 13, 10])
      let client = try #require(HTTPClient(port: server.port))
      #expect(client.get("/x")?.text == "get /x 0")
    }
  }

  @Test("a connection that nothing comes on any more ends after the idle timeout")
  func idleConnections() throws {
    var limits = HTTPLimits()
    limits.idleTimeout = .seconds(1)
    try withServer(limits) { server in
      let client = try #require(HTTPClient(port: server.port))
      #expect(client.get("/")?.status == 200)
      #expect(client.hasEnded())
    }
  }

  @Test("two servers cannot have one port, and the second says so")
  func portInUse() throws {
    try withServer { server in
      let error = #expect(throws: HTTPError.self) {
        try HTTPServer.start(port: server.port, handler: Self.echo).stop()
      }
      #expect(error?.code == .addressInUse)
    }
    let error = #expect(throws: HTTPError.self) { try HTTPServer.start(port: 70_000, handler: Self.echo).stop() }
    #expect(error?.code == .unavailable)
  }

  @Test("several polling threads answer side by side")
  func threads() throws {
    try withServer(threads: 4) { server in
      let clients = try (0..<16).map { _ in try #require(HTTPClient(port: server.port)) }
      for round in 0..<20 {
        for (place, client) in clients.enumerated() {
          #expect(client.get("/\(place)/\(round)")?.text == "get /\(place)/\(round) 0")
        }
      }
    }
  }

  @Test("a stop lets the request in flight finish and then refuses newcomers")
  func gracefulStop() async throws {
    let entered = EventGate()
    let leave = EventGate()
    let server = try HTTPServer.start { request in
      entered.open()
      leave.wait()
      return Self.echo(request)
    }
    let port = server.port
    async let reply = onThread { HTTPClient(port: port)?.get("/last") }
    await onThread { entered.wait() }
    async let stopped: Void = onThread { server.stop(until: .after(.seconds(20))) }
    leave.open()
    let last = await reply
    await stopped
    #expect(last?.text == "get /last 0")
    #expect(HTTPClient(port: port)?.get("/") == nil)
    #expect(server.requestsInFlight == 0)
  }
}
