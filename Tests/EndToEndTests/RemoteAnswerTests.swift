import Foundation
import TestKit
import Testing

@Suite("A server that is asked from afar")
struct RemoteAnswerTests {
  @Test("predict goes to the server that is named, not through a proxy of the environment")
  func noProxy() throws {
    let refusal = #"{"error":"not today"}"#
    let server = try #require(
      SpeakingServer(saying: "HTTP/1.1 404 Not Found\r\nContent-Length: \(refusal.utf8.count)\r\n\r\n" + refusal))
    defer { server.stop() }
    let proxy = "http://127.0.0.1:1"
    let place = try Workplace(additions: ["http_proxy": proxy, "all_proxy": proxy, "ALL_PROXY": proxy])
    let outcome = try place.run("predict", "--server", "127.0.0.1:\(server.port)", "{}")
    #expect(outcome.complaints.contains("http://127.0.0.1:\(server.port) refuses: not today"), "\(outcome.complaints)")
    #expect(outcome.code == 64)
  }

  @Test("a server that asks for a token gets it out of a file, and nobody else sees it")
  func token() throws {
    let refusal = #"{"error":"the token is not known here"}"#
    let server = try #require(
      SpeakingServer(saying: "HTTP/1.1 401 Unauthorized\r\nContent-Length: \(refusal.utf8.count)\r\n\r\n" + refusal))
    defer { server.stop() }
    let place = try Workplace()
    let file = place.folder + "/token"
    try Data("s3cr3t-0123456789\n".utf8).write(to: URL(filePath: file))
    let outcome = try place.run("predict", "--server", "127.0.0.1:\(server.port)", "--token-file", file, "{}")
    #expect(server.heard.contains("Authorization: Bearer s3cr3t-0123456789\r\n"))
    #expect(outcome.complaints.contains("not known here; --token-file says where one is"), "\(outcome.complaints)")
    #expect(!outcome.complaints.contains("s3cr3t"))
    #expect(outcome.code == 64)
    let absent = try place.run("predict", "--server", "127.0.0.1:1", "--token-file", "/nowhere/token", "{}")
    #expect(absent.code == 64 && absent.complaints.contains("--token-file /nowhere/token cannot be read"))
  }

  @Test("what cannot be asked ends predict with 69 and says what it was")
  func failures() throws {
    let place = try Workplace()
    let stranger = try #require(SpeakingServer(saying: "SSH-2.0-OpenSSH_9.2\r\n"))
    for (url, words) in [
      ("127.0.0.1:\(stranger.port)", "what answers at 127.0.0.1:\(stranger.port) does not speak HTTP"),
      ("https://127.0.0.1:\(stranger.port)", "does not prove who it is"),
      ("nobody.invalid:80", "the server's address nobody.invalid is not known"),
    ] {
      let outcome = try place.run("predict", "--server", url, "{}")
      #expect(outcome.complaints.contains(words), "\(outcome.complaints)")
      #expect(outcome.code == 69)
    }
    stranger.stop()
    let outcome = try place.run("predict", "--server", "127.0.0.1:\(stranger.port)", "{}")
    #expect(outcome.complaints.contains("the server at 127.0.0.1:\(stranger.port) cannot be reached"))
    #expect(outcome.code == 69)
  }
}
