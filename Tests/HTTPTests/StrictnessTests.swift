import Foundation
import HTTP
import TestKit
import Testing

/// A request as it goes over the wire, and the status it earns.
struct WireCase: Sendable, CustomTestStringConvertible {
  let title: String
  let bytes: String
  let status: Int
  /// A part of the answer.
  var says = ""
  var testDescription: String { title }

  init(_ title: String, _ bytes: String, _ status: Int, _ says: String = "") {
    self.title = title
    self.bytes = bytes
    self.status = status
    self.says = says
  }

  /// A request with headers and a body.
  static func post(_ title: String, _ headers: String, _ body: String, _ status: Int, _ says: String = "") -> WireCase {
    WireCase(title, "POST / HTTP/1.1\r\nHost: a\r\n\(headers)\r\n\(body)", status, says)
  }
}

@Suite("Strict HTTP")
struct StrictnessTests {
  static let refused: [WireCase] = [
    WireCase("no Host", "GET / HTTP/1.1\r\n\r\n", 400, "Host is missing"),
    WireCase("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "Host is there twice"),
    WireCase("two Hosts of HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400, "twice"),
    WireCase("a Host that is none", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, "names no host"),
    WireCase("a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "names no host"),
    WireCase("a blank before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    WireCase("a control character in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\u{1}b\r\n\r\n", 400, "control"),
    WireCase("an escaped zero", "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "control character"),
    WireCase("an escaped line end", "GET /a%0d%0aX:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "control character"),
    WireCase("half an escape", "GET /%f HTTP/1.1\r\nHost: a\r\n\r\n", 400, "two digits"),
    WireCase("an escape of other letters", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400, "two digits"),
    WireCase("an escape that is no UTF-8", "GET /%ff%fe HTTP/1.1\r\nHost: a\r\n\r\n", 400, "not UTF-8"),
    WireCase("a target that is no path", "GET a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "neither a path"),
    WireCase("a URL with a user", "GET http://u@h/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "neither a path"),
    WireCase("a star of GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "neither a path"),
    WireCase("a version from the future", "GET / HTTP/9.9\r\nHost: a\r\n\r\n", 505),
    .post("two lengths", "Content-Length: 3\r\nContent-Length: 3\r\n", "abc", 400, "twice"),
    .post("two lengths that differ", "Content-Length: 3\r\nContent-Length: 9\r\n", "abc", 400, "twice"),
    .post("length and chunks", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", 400, "contradict"),
    .post("chunks and length", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n", 400, "contradict"),
    .post("chunks, twice said", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", 400),
    .post("another coding of the transfer", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n", 501, "chunked"),
    .post("a coding that is nearly chunked", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n", 501),
    .post("identity", "Transfer-Encoding: identity\r\n", "abc", 501),
    .post("a blank before the colon of chunks", "Transfer-Encoding : chunked\r\n", "0\r\n\r\n", 400),
    WireCase(
      "chunks of HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "HTTP/1.0"),
    .post("a negative length", "Content-Length: -1\r\n", "abc", 400),
    .post("a length with a sign", "Content-Length: +3\r\n", "abc", 400),
    .post("a length in hexadecimal", "Content-Length: 0x3\r\n", "abc", 400),
    .post("a list of lengths", "Content-Length: 3, 3\r\n", "abc", 400),
    .post("a length beyond all integers", "Content-Length: 18446744073709551616\r\n", "abc", 413),
    .post("a length in the next line", "Content-Length:\r\n 3\r\n", "abc", 400, "next line"),
    .post("a length behind a blank and a tab", "Content-Length: \r\n\t3\r\n", "abc", 400, "next line"),
    .post("a length that goes on", "Content-Length: 0\r\n 3\r\n", "abc", 400, "next line"),
    .post("a length that ends in a blank line", "Content-Length: 3\r\n \r\n", "abc", 400),
    .post("chunks in the next line", "Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n", 400, "next line"),
    .post("a header that goes on", "X: b\r\n c\r\nContent-Length: 3\r\n", "abc", 400, "next line"),
    .post("a header that goes on for long", "X: b\r\n c\r\n d\r\n\te\r\n", "", 400, "next line"),
    .post("the last header goes on", "Content-Length: 3\r\nX: b\r\n c\r\n", "abc", 400, "next line"),
    WireCase("the first header goes on", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400, "next line"),
    .post("a negative chunk", "Transfer-Encoding: chunked\r\n", "-1\r\nabc\r\n0\r\n\r\n", 400),
    .post("a chunk with a prefix", "Transfer-Encoding: chunked\r\n", "0x3\r\nabc\r\n0\r\n\r\n", 400),
    .post("something else expected", "Expect: a-miracle\r\nContent-Length: 3\r\n", "abc", 417, "100-continue"),
    .post("many headers", (0..<100).map { "X-\($0): \(String(repeating: "v", count: 170))\r\n" }.joined(), "", 431),
  ]

  @Test("what could be read in two ways is refused once, with its reason, and the connection ends", arguments: refused)
  func refusals(row: WireCase) throws {
    let server = try HTTPServer.start(handler: HTTPServerTests.echo)
    defer { server.stop() }
    let client = try #require(HTTPClient(port: server.port))
    client.send(Array(row.bytes.utf8))
    let reply = try #require(client.reply())
    #expect(reply.status == row.status, "\(reply.text)")
    #expect(row.says.isEmpty || reply.text.contains(row.says), "\(reply.text)")
    #expect(client.hasEnded())
    #expect(HTTPClient(port: server.port)?.get("/x")?.text == "get /x 0")
  }

  static let taken: [WireCase] = [
    WireCase("a whole URL", "GET http://host:80/a/b?x=1 HTTP/1.1\r\nHost: host\r\n\r\n", 200, "get /a/b 0"),
    WireCase("a whole URL in capitals", "GET HTTP://host/a HTTP/1.1\r\nHost: host\r\n\r\n", 200, "get /a 0"),
    WireCase("a URL without a path", "GET http://host HTTP/1.1\r\nHost: host\r\n\r\n", 200, "get / 0"),
    WireCase("an escaped slash, which divides nothing", "GET /a%2Fb HTTP/1.1\r\nHost: a\r\n\r\n", 200, "get /a%2Fb 0"),
    WireCase("escapes", "GET /a%20%C3%BC HTTP/1.1\r\nHost: a\r\n\r\n", 200, "get /a ü 0"),
    WireCase("the star of OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 200, "options * 0"),
    WireCase("an IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 200, "get / 0"),
    WireCase("an unknown method, for the handler to refuse", "FOO / HTTP/1.1\r\nHost: a\r\n\r\n", 200, "other / 0"),
    .post(
      "chunks", "Transfer-Encoding: Chunked\r\n", "1\r\n\u{1}\r\n2;x=y\r\n\u{1}\u{1}\r\n0\r\n\r\n", 200,
      "post / 3 sum=3"),
    .post("a body that is expected", "Expect: 100-Continue\r\nContent-Length: 1\r\n", "\u{1}", 200, "post / 1 sum=1"),
  ]

  @Test("a head may be as long as it likes within its bound, and come in pieces")
  func longHeads() throws {
    let server = try HTTPServer.start(handler: HTTPServerTests.echo)
    defer { server.stop() }
    let client = try #require(HTTPClient(port: server.port))
    for count in [1, 10, 60] {
      let headers = (0..<count).map { "X-\($0):  \t\(String(repeating: "v", count: $0 % 4 * 60)) \r\nY:\r\n" }.joined()
      let bytes = Array("POST /long HTTP/1.1\r\nHost: a\r\n\(headers)Content-Length: 1\r\n\r\n\u{1}".utf8)
      for start in stride(from: 0, to: bytes.count, by: 997) { client.send(Array(bytes[start...].prefix(997))) }
      #expect(client.reply()?.text == "post /long 1 sum=1")
    }
  }

  @Test("a header that is there several times is all of its values")
  func repeatedHeaders() throws {
    let server = try HTTPServer.start(handler: HTTPServerTests.echo)
    defer { server.stop() }
    let client = try #require(HTTPClient(port: server.port))
    #expect(client.request("GET", "/", headers: ["X-Test: a", "Y: c", "x-test: b"])?.text == "get / 0 x-test=a, b")
  }

  @Test("what is right is understood, however unusual", arguments: taken)
  func understood(row: WireCase) throws {
    let server = try HTTPServer.start(handler: HTTPServerTests.echo)
    defer { server.stop() }
    let client = try #require(HTTPClient(port: server.port))
    client.send(Array(row.bytes.utf8))
    let reply = try #require(client.reply())
    #expect(reply.status == row.status)
    #expect(reply.text == row.says)
    #expect(client.get("/next")?.text == "get /next 0")
  }

  @Test("a request inside a body never becomes one")
  func smuggling() throws {
    let inner = "GET /inner HTTP/1.1\r\nHost: a\r\n\r\n"
    for headers in [
      "Content-Length: \(inner.utf8.count + 5)\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked\r\nContent-Length: \(inner.utf8.count + 5)\r\n",
      "Content-Length: 5\r\nContent-Length: \(inner.utf8.count + 5)\r\n",
      "Content-Length:\r\n \(inner.utf8.count + 5)\r\n", "Content-Length: 5\r\n \(inner.utf8.count + 5)\r\n",
      "Content-Length: \r\n\t\(inner.utf8.count + 5)\r\n", "Transfer-Encoding:\r\n chunked\r\n",
    ] {
      let server = try HTTPServer.start(handler: HTTPServerTests.echo)
      defer { server.stop() }
      let client = try #require(HTTPClient(port: server.port))
      client.send(Array("POST / HTTP/1.1\r\nHost: a\r\n\(headers)\r\n0\r\n\r\n\(inner)".utf8))
      #expect(client.reply()?.status == 400)
      #expect(client.reply() == nil)
    }
  }

  @Test("requests in one piece are answered in their order")
  func pipelining() throws {
    let server = try HTTPServer.start(handler: HTTPServerTests.echo)
    defer { server.stop() }
    let client = try #require(HTTPClient(port: server.port))
    client.send(Array((0..<50).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined().utf8))
    for place in 0..<50 { #expect(client.reply()?.text == "get /\(place) 0") }
  }
}
