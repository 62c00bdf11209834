import HTTP
import TestKit
import Testing
import Vocabulary

@Suite("Calls out")
struct HTTPCallTests {
  private static let soon = Duration.seconds(20)

  /// What the call fails with; nil: it was answered.
  private func failure(_ call: HTTPCall, within time: Duration = soon) -> HTTPCallError? {
    do {
      _ = try call.answer(until: .after(time))
      return nil
    } catch {
      return error
    }
  }

  @Test("an answer comes back with its status and all of its body, asked with GET or with a body of any size")
  func answers() throws {
    let server = try HTTPServer.start { request in
      var answer = HTTPServerTests.echo(request)
      if request.pathText == "/missing" { answer.status = 404 }
      return answer
    }
    defer { server.stop() }
    let url = "http://\(server.address)"
    let plain = try HTTPCall(url: url + "/a").answer(until: .after(Self.soon))
    #expect(plain.status == 200)
    #expect(String(decoding: plain.body, as: UTF8.self) == "get /a 0")
    for count in [0, 1, 3_000_000] {
      let call = HTTPCall(url: url + "/b", body: [UInt8](repeating: 0, count: count))
      let text = String(decoding: try call.answer(until: .after(Self.soon)).body, as: UTF8.self)
      #expect(text == "post /b \(count)" + (count > 0 ? " sum=0" : ""))
    }
    #expect(try HTTPCall(url: url + "/missing").answer(until: .after(Self.soon)).status == 404)
  }

  @Test("a redirect is an answer like any other: nobody is asked whom the caller did not name")
  func redirects() throws {
    let server = try HTTPServer.start { request in
      guard request.pathText == "/" else { return HTTPServerTests.echo(request) }
      var answer = HTTPResponse(status: 302, text: "elsewhere")
      answer.headers = [("Location", "/elsewhere")]
      return answer
    }
    defer { server.stop() }
    let answer = try HTTPCall(url: "http://\(server.address)/").answer(until: .after(Self.soon))
    #expect(answer.status == 302)
    #expect(String(decoding: answer.body, as: UTF8.self) == "elsewhere")
  }

  @Test("a server that says nothing is waited for to the deadline, no longer")
  func silence() async throws {
    let leave = EventGate()
    let server = try HTTPServer.start { request in
      leave.wait()
      return HTTPServerTests.echo(request)
    }
    let start = ContinuousClock.now
    #expect(failure(HTTPCall(url: "http://\(server.address)/"), within: .milliseconds(300))?.code == .unanswered)
    let waited = ContinuousClock.now - start
    #expect(waited >= .milliseconds(300) && waited < .seconds(20))
    leave.open()
    server.stop()
  }

  @Test("an answer larger than allowed is refused, announced or not")
  func largeAnswers() throws {
    let server = try HTTPServer.start { _ in HTTPResponse(body: [UInt8](repeating: 7, count: 100_000)) }
    defer { server.stop() }
    var call = HTTPCall(url: "http://\(server.address)/")
    call.answerBytesMax = 100_000
    #expect(failure(call) == nil)
    call.answerBytesMax = 99_999
    #expect(failure(call)?.code == .answerTooLarge)

    let endless = "HTTP/1.0 200 OK\r\n\r\n" + String(repeating: "x", count: 100_000)
    let unannounced = try #require(SpeakingServer(saying: endless))
    defer { unannounced.stop() }
    call.url = "http://127.0.0.1:\(unannounced.port)/"
    #expect(failure(call)?.code == .answerTooLarge)
    call.answerBytesMax = 100_000
    #expect(failure(call) == nil)
  }

  @Test("a head that does not end is refused too")
  func longHeads() throws {
    let lines = (0..<5000).map { "X-\($0): \(String(repeating: "v", count: 100))\r\n" }.joined()
    let server = try #require(SpeakingServer(saying: "HTTP/1.0 200 OK\r\n" + lines))
    defer { server.stop() }
    #expect(failure(HTTPCall(url: "http://127.0.0.1:\(server.port)/"))?.code == .answerTooLarge)
  }

  @Test("where nobody listens, nobody is reached")
  func nobody() throws {
    let server = try HTTPServer.start(handler: HTTPServerTests.echo)
    server.stop()
    #expect(failure(HTTPCall(url: "http://\(server.address)/"))?.code == .unreachable)
    #expect(failure(HTTPCall(url: "http://nobody.invalid/"))?.code == .unknownHost)
  }

  @Test(
    "what speaks something else, or breaks off, has not answered",
    arguments: [
      ("SSH-2.0-OpenSSH_9.2\r\n", HTTPCallError.Code.notHTTP), ("", .unanswered),
      ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", .unanswered),
    ])
  func strangers(words: String, code: HTTPCallError.Code) throws {
    let server = try #require(SpeakingServer(saying: words))
    defer { server.stop() }
    #expect(failure(HTTPCall(url: "http://127.0.0.1:\(server.port)/"))?.code == code)
  }

  @Test("a server without a certificate is not asked under https")
  func untrusted() throws {
    let server = try #require(SpeakingServer(saying: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    defer { server.stop() }
    #expect(failure(HTTPCall(url: "https://127.0.0.1:\(server.port)/"))?.code == .untrusted)
  }

  @Test(
    "only http and https are spoken, and only to URLs",
    arguments: ["file:///etc/hostname", "ftp://127.0.0.1/", "http://", "http://a b/", "http://127.0.0.1/\r\nX: y"])
  func others(url: String) { #expect(failure(HTTPCall(url: url))?.code == .malformedURL) }
}
