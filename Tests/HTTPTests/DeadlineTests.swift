import Foundation
import HTTP
import Synchronization
import TestKit
import Testing
import Vocabulary

@Suite("Deadlines of requests")
struct DeadlineTests {
  private func withServer(
    _ limits: HTTPLimits, _ handler: @escaping @Sendable (HTTPRequest) -> HTTPResponse = HTTPServerTests.echo,
    _ body: (Int, DoorTests.Events) async throws -> Void
  ) async throws {
    let events = DoorTests.Events()
    let server = try HTTPServer.start(limits: limits, onEvent: { events.take($0) }, handler: handler)
    do { try await body(server.port, events) } catch {
      await onThread { server.stop(until: .after(.seconds(1))) }
      throw error
    }
    await onThread { server.stop(until: .after(.seconds(1))) }
  }

  @Test("a client that never stops sending its body, byte by byte, is ended all the same")
  func drippingBody() async throws {
    var limits = HTTPLimits()
    limits.requestTimeout = .milliseconds(300)
    try await withServer(limits) { port, events in
      let client = try #require(HTTPClient(port: port))
      let start = ContinuousClock.now
      client.send(Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16000000\r\n\r\n".utf8))
      let deadline = Deadline.after(.seconds(20))
      while client.send([1]), !deadline.hasPassed {}
      #expect(start.duration(to: .now) < .seconds(10))
      #expect(events.all == [.refused(status: 408)])
    }
  }

  @Test("body and answer share one deadline: a client that reads its answer in drops is ended")
  func drippingReader() async throws {
    var limits = HTTPLimits()
    limits.requestTimeout = .milliseconds(300)
    let large = [UInt8](repeating: 32, count: 32 << 20)
    try await withServer(limits, { _ in HTTPResponse(body: large) }) { port, _ in
      let client = try #require(HTTPClient(port: port))
      client.send(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
      // Never idle, and never done: a byte at a time out of what the sockets hold.
      let deadline = Deadline.after(.seconds(20))
      while client.takeByte(), !deadline.hasPassed {}
      #expect(!deadline.hasPassed)
    }
  }

  @Test("a second head that comes in drops is ended as idle")
  func drippingHead() async throws {
    var limits = HTTPLimits()
    limits.idleTimeout = .seconds(1)
    try await withServer(limits) { port, _ in
      let client = try #require(HTTPClient(port: port))
      #expect(client.get("/")?.status == 200)
      client.send(Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8))
      let deadline = Deadline.after(.seconds(20))
      // Less than a head may hold, however fast they go.
      var sent = 0
      while sent < 8000, client.send([0x61]) { sent += 1 }
      #expect(client.hasEnded())
      #expect(!deadline.hasPassed)
    }
  }

  @Test("what waits for longer than its bound behind a long job is told to come again, while the job goes on")
  func shedding() async throws {
    var limits = HTTPLimits()
    limits.queueTimeout = .milliseconds(100)
    let began = Atomic(false)
    let leave = EventGate()
    try await withServer(
      limits,
      { request in
        guard request.isDeferred else { return .later }
        began.store(true, ordering: .releasing)
        leave.wait()
        return HTTPServerTests.echo(request)
      },
      { port, events in
        @Sendable func ask() async -> HTTPClient.Reply? { await onThread { HTTPClient(port: port)?.get("/") } }
        async let first = ask()
        let deadline = Deadline.after(.seconds(20))
        while !began.load(ordering: .acquiring), !deadline.hasPassed { await Task.yield() }
        async let second = ask()
        let shed = await ask()
        #expect(shed?.status == 503)
        #expect(shed?.headers["retry-after"] == "1")
        #expect(await second?.status == 503)
        #expect(events.all == [.refused(status: 503), .refused(status: 503)])
        leave.open()
        #expect(await first?.status == 200)
        leave.open()
        #expect(await ask()?.status == 200)
      })
  }
}
