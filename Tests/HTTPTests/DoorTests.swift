import HTTP
import Synchronization
import TestKit
import Testing
import Vocabulary

@Suite("A door that stays open")
struct DoorTests {
  /// What the server did by itself.
  final class Events: Sendable {
    private let list = Mutex<[HTTPEvent]>([])
    func take(_ event: HTTPEvent) { list.withLock { $0.append(event) } }
    var all: [HTTPEvent] { list.withLock { $0 } }
  }

  /// Opens a server with `limits`, and closes it whatever comes.
  func withServer(
    _ limits: HTTPLimits, _ handler: @escaping @Sendable (HTTPRequest) -> HTTPResponse = HTTPServerTests.echo,
    _ body: (HTTPServer, Events) throws -> Void
  ) throws {
    let events = Events()
    let server = try HTTPServer.start(limits: limits, onEvent: { events.take($0) }, handler: handler)
    defer { server.stop(until: .after(.seconds(1))) }
    try body(server, events)
  }

  static let slow = [
    "", "GET /", "GET / HTTP/1.1\r\nHost: a\r\nX: ", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
  ]

  @Test("a request that does not arrive in time is answered with 408 and leaves", arguments: slow)
  func lateRequests(begun: String) throws {
    var limits = HTTPLimits()
    limits.headTimeout = .milliseconds(200)
    limits.requestTimeout = .milliseconds(200)
    try withServer(limits) { server, events in
      let client = try #require(HTTPClient(port: server.port))
      client.send(Array(begun.utf8))
      let reply = try #require(client.reply())
      #expect(reply.status == 408)
      #expect(reply.text.contains("did not arrive within"))
      #expect(client.hasEnded())
      let deadline = Deadline.after(.seconds(20))
      while events.all.isEmpty, !deadline.hasPassed {}
      #expect(events.all == [.refused(status: 408)])
      #expect(HTTPClient(port: server.port)?.get("/")?.status == 200)
    }
  }

  @Test("however many silent clients hold the door, the next one is answered", arguments: [1, 3])
  func crowds(threads: Int) throws {
    var limits = HTTPLimits()
    limits.connectionsMax = 8
    let events = Events()
    let server = try HTTPServer.start(
      threads: threads, limits: limits, onEvent: { events.take($0) }, handler: HTTPServerTests.echo)
    defer { server.stop() }
    var crowd: [HTTPClient] = []
    for _ in 0..<40 {
      let client = try #require(HTTPClient(port: server.port))
      client.send(Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n".utf8))
      crowd.append(client)
      #expect(HTTPClient(port: server.port)?.get("/health")?.status == 200)
    }
    #expect(events.all.contains(.evicted))
  }

  @Test("the address with the most connections gives one up, not the others")
  func fairness() throws {
    var limits = HTTPLimits()
    limits.connectionsMax = 8
    try withServer(limits) { server, _ in
      let quiet = try #require(HTTPClient(port: server.port, from: 2))
      #expect(quiet.get("/")?.status == 200)
      var crowd: [HTTPClient] = []
      for _ in 0..<30 {
        let client = try #require(HTTPClient(port: server.port, from: 3))
        #expect(client.get("/")?.status == 200)
        crowd.append(client)
      }
      #expect(quiet.get("/")?.status == 200)
    }
  }

  @Test("large bodies share a bound: beyond it 503 says to come again, and small requests are answered all the while")
  func bodiesTogether() async throws {
    var limits = HTTPLimits()
    limits.bodyBytesMax = 1 << 20
    limits.bodiesBytesMax = 2 << 20
    let whole = Whole()
    let leave = EventGate()
    let server = try HTTPServer.start(limits: limits) { request in
      guard request.body.count > 1000 else { return Self.echoed(request) }
      guard request.isDeferred else {
        whole.count.add(1, ordering: .relaxed)
        return .later
      }
      leave.wait()
      return Self.echoed(request)
    }
    let port = server.port
    @Sendable func send() async -> HTTPClient.Reply? {
      await onThread { HTTPClient(port: port)?.request("POST", "/", body: [UInt8](repeating: 0, count: 1 << 20)) }
    }
    async let first = send()
    async let second = send()
    let deadline = Deadline.after(.seconds(20))
    // Both are whole and wait with their bodies.
    while whole.count.load(ordering: .relaxed) < 2, !deadline.hasPassed { await Task.yield() }
    let third = await send()
    #expect(third?.status == 503)
    #expect(third?.headers["retry-after"] == "1")
    #expect(HTTPClient(port: port)?.request("POST", "/", body: [1, 2])?.text == "post / 2 sum=3")
    for _ in 0..<3 { leave.open() }
    #expect(await first?.status == 200)
    #expect(await second?.status == 200)
    // What was taken was given back.
    #expect(await send()?.status == 200)
    await onThread { server.stop() }
  }

  @Test("answers that nobody reads are in the same bound, until they are sent or their client is gone")
  func answersTogether() throws {
    var limits = HTTPLimits()
    limits.bodiesBytesMax = 60 << 20
    let asked = Whole()
    // More than the sockets of a connection take in.
    let large = [UInt8](repeating: 32, count: 24 << 20)
    try withServer(
      limits,
      { request in
        guard request.pathText == "/large" else { return Self.echoed(request) }
        asked.count.add(1, ordering: .relaxed)
        return HTTPResponse(body: large)
      },
      { server, events in
        let deadline = Deadline.after(.seconds(20))
        func ask(count: Int) throws -> HTTPClient {
          let client = try #require(HTTPClient(port: server.port))
          client.send(Array("GET /large HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
          while asked.count.load(ordering: .relaxed) < count, !deadline.hasPassed {}
          return client
        }
        let first = try ask(count: 1)
        var second: HTTPClient? = try ask(count: 2)
        let third = try #require(HTTPClient(port: server.port)?.get("/large"))
        #expect(third.status == 503 && third.headers["retry-after"] == "1")
        #expect(events.all == [.refused(status: 503)])
        #expect(HTTPClient(port: server.port)?.get("/small")?.text == "get /small 0")
        // One reads at last, the other goes away: there is room for two again.
        #expect(first.reply()?.body.count == large.count)
        second = nil
        #expect(second == nil)
        for _ in 0..<2 {
          var status = 503
          while status == 503, !deadline.hasPassed {
            status = HTTPClient(port: server.port)?.get("/large")?.status ?? 0
          }
          #expect(status == 200)
        }
      })
  }

  /// Requests whose body is there.
  private final class Whole: Sendable {
    let count = Atomic<Int>(0)
  }

  @Test("what asks for the slow lane is answered there, with its body, and does not hold the others up")
  func slowLane() async throws {
    let leave = EventGate()
    let entered = EventGate()
    let server = try HTTPServer.start { request in
      guard request.method == .post else { return Self.echoed(request) }
      guard request.isDeferred else { return .later }
      entered.open()
      leave.wait()
      return Self.echoed(request)
    }
    let port = server.port
    async let slow = onThread {
      HTTPClient(port: port)?.request("POST", "/slow", body: [1, 2, 3], headers: ["X-Test: v"])
    }
    async let second = onThread { HTTPClient(port: port)?.request("POST", "/second", body: [4]) }
    await onThread { entered.wait() }
    for _ in 0..<100 { #expect(HTTPClient(port: port)?.get("/quick")?.text == "get /quick 0") }
    leave.open()
    leave.open()
    #expect(await slow?.text == "post /slow 3 x-test=v sum=6")
    #expect(await second?.text == "post /second 1 sum=4")
    await onThread { server.stop() }
  }

  private static func echoed(_ request: HTTPRequest) -> HTTPResponse { HTTPServerTests.echo(request) }

  /// Its slow lane opens `entered`, and waits for `leave`.
  private func slowServer(_ entered: EventGate, _ leave: EventGate) throws -> HTTPServer {
    try HTTPServer.start { request in
      guard request.isDeferred else { return .later }
      entered.open()
      leave.wait()
      return HTTPServerTests.echo(request)
    }
  }

  @Test("a stop waits for the slow lane")
  func stopping() async throws {
    let (entered, leave) = (EventGate(), EventGate())
    let server = try slowServer(entered, leave)
    let port = server.port
    async let slow = onThread { HTTPClient(port: port)?.get("/slow") }
    await onThread { entered.wait() }
    async let stopped: Void = onThread { server.stop(until: .after(.seconds(20))) }
    leave.open()
    #expect(await slow?.text == "get /slow 0")
    await stopped
  }

  @Test("a stop that the slow lane outlasts ends nobody who is laid aside: the answer comes, and then the end")
  func outlastedStop() async throws {
    let (entered, leave) = (EventGate(), EventGate())
    let server = try slowServer(entered, leave)
    let port = server.port
    async let slow = onThread { HTTPClient(port: port)?.get("/slow") }
    await onThread { entered.wait() }
    await onThread { server.stop(until: .after(.zero), patience: .milliseconds(1)) }
    leave.open()
    #expect(await slow?.text == "get /slow 0")
  }

  @Test("clients whose requests are there at one time are all answered, however many they are", arguments: [128, 256])
  func fullRounds(count: Int) throws {
    let (entered, leave) = (EventGate(), EventGate())
    let server = try HTTPServer.start { request in
      guard request.method == .post else { return HTTPServerTests.echo(request) }
      entered.open()
      leave.wait()
      return HTTPServerTests.echo(request)
    }
    defer { server.stop() }
    let clients = (0..<count).compactMap { _ in HTTPClient(port: server.port) }
    for client in clients { #expect(client.get("/")?.status == 200) }
    // While the thread is held up the others' requests come: it finds as many as the library looks at in one round.
    let first = try #require(HTTPClient(port: server.port))
    #expect(first.get("/")?.status == 200)
    first.send(Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".utf8))
    entered.wait()
    for client in clients { client.send(Array("GET /next HTTP/1.1\r\nHost: a\r\n\r\n".utf8)) }
    leave.open()
    #expect(clients.count { $0.reply()?.status == 200 } == count)
    #expect(first.reply()?.status == 200)
  }

  @Test("IPv6 has its own loopback, and the wildcard of IPv6 takes both")
  func addresses() throws {
    let server = try HTTPServer.start(address: "::1", handler: HTTPServerTests.echo)
    #expect(server.address.description == "[::1]:\(server.port)")
    server.stop()
    let both = try HTTPServer.start(address: "::", handler: HTTPServerTests.echo)
    #expect(HTTPClient(port: both.port)?.get("/")?.status == 200)
    both.stop()
    #expect(MachineAddress.isWildcard("0.0.0.0") && MachineAddress.isWildcard("::"))
    #expect(!MachineAddress.isWildcard("127.0.0.1") && !MachineAddress.isWildcard("::1"))
    #expect(!MachineAddress.isWildcard(MachineAddress.reachable()))
  }
}
