import HTTP
import TestKit
import Testing
import Vocabulary

@Suite("Event streams")
struct EventStreamTests {
  /// Asks for the stream and reads the answer's head.
  func subscribe(_ port: Int) throws -> HTTPClient {
    let client = try #require(HTTPClient(port: port))
    client.send(Array("GET /events HTTP/1.0\r\n\r\n".utf8))
    #expect(client.line()?.contains("200") == true)
    var names: [String] = []
    while let line = client.line(), !line.isEmpty { names.append(line.lowercased()) }
    #expect(names.contains("content-type: text/event-stream"))
    return client
  }

  @Test("events reach the client in order, however far apart, and the end ends the answer")
  func order() throws {
    let stream = EventStream()
    let server = try HTTPServer.start { _ in HTTPResponse(events: stream) }
    defer { server.stop() }
    let client = try subscribe(server.port)
    for number in 0..<100 {
      stream.send(data: "\(number)\nsecond line")
      #expect(client.line() == "data: \(number)")
      #expect(client.line() == "data: second line")
      #expect(client.line() == "")
    }
    stream.send(data: "last")
    stream.finish()
    #expect(client.line() == "data: last")
    #expect(client.line() == "")
    #expect(client.line() == nil)
  }

  @Test("a client that leaves ends its stream")
  func leaving() throws {
    let stream = EventStream()
    let server = try HTTPServer.start { _ in HTTPResponse(events: stream) }
    defer { server.stop() }
    var client: HTTPClient? = try subscribe(server.port)
    stream.send(data: "hello")
    #expect(client?.line() == "data: hello")
    client = nil
    let deadline = Deadline.after(.seconds(20))
    while !stream.isFinished, !deadline.hasPassed { stream.send(data: "anybody there?") }
    #expect(stream.isFinished)
  }

  @Test("events nobody reads are bounded: the oldest go first")
  func bound() throws {
    let stream = EventStream(capacity: 3)
    for number in 0..<10 { stream.send(data: "\(number)") }
    #expect(stream.dropped == 7)
    let server = try HTTPServer.start { _ in HTTPResponse(events: stream) }
    defer { server.stop() }
    let client = try subscribe(server.port)
    stream.finish()
    var lines: [String] = []
    while let line = client.line() { if !line.isEmpty { lines.append(line) } }
    #expect(lines == ["data: 7", "data: 8", "data: 9"])
  }

  @Test("a stop ends the streams that are open")
  func stop() throws {
    let stream = EventStream()
    let server = try HTTPServer.start { _ in HTTPResponse(events: stream) }
    let client = try subscribe(server.port)
    stream.send(data: "one")
    #expect(client.line() == "data: one")
    server.stop(until: .after(.seconds(10)))
    #expect(client.hasEnded())
    #expect(stream.isFinished)
  }
}
