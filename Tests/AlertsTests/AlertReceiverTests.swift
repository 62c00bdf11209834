import Alerts
import Foundation
import HTTP
import Pipelines
import Synchronization
import TestKit
import Testing
import Vocabulary

/// What came to a receiver.
private final class Inbox: Sendable {
  struct Letter { let path, body, authorization, type: String }
  private let letters = Mutex<[Letter]>([])
  var all: [Letter] { letters.withLock { $0 } }

  func put(_ request: HTTPRequest) {
    let letter = Letter(
      path: request.pathText, body: String(decoding: request.body, as: UTF8.self),
      authorization: request.header("Authorization") ?? "", type: request.header("Content-Type") ?? "")
    letters.withLock { $0.append(letter) }
  }
}

@Suite("Receivers of alerts")
struct AlertReceiverTests {
  private static func webhook(_ url: String, token: String? = nil) -> AlertReceiver {
    var settings = AlertSettings()
    settings.webhook = url
    settings.authorizationFile = token
    return AlertReceiver(settings)
  }

  private static func command(_ words: [String], environment: [String: String] = [:]) -> AlertReceiver {
    var settings = AlertSettings()
    settings.command = words
    settings.environment = environment
    return AlertReceiver(settings)
  }

  private static func shell(_ script: String) -> AlertReceiver { command(["/bin/sh", "-c", script]) }

  /// A folder of the test's own, gone afterwards.
  private static func withFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let folder = FileManager.default.temporaryDirectory.path + "/retrain-alerts-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
  }

  private static let secrets = ["s3cr3t", "tok3n", "p4ssw0rd"]

  @Test("a webhook gets the JSON with the token of the file as it is then, and its answer's beginning is told")
  func webhook() async throws {
    let inbox = Inbox()
    let server = try HTTPServer.start { request in
      inbox.put(request)
      return HTTPResponse(text: String(repeating: "thanks ", count: 1000))
    }
    defer { server.stop() }
    try await Self.withFolder { folder in
      let file = folder + "/token"
      let receiver = Self.webhook("http://\(server.address)/hook/s3cr3t?key=p4ssw0rd", token: file)
      let missing = await receiver.deliver("{}")
      #expect(!missing.isTaken && missing.outcome == "the authorization file \(file) cannot be read")
      for token in ["tok3n-1", "tok3n-2"] {
        try Data("\(token)\n".utf8).write(to: URL(filePath: file))
        let delivery = await receiver.deliver(#"{"a":1}"#)
        #expect(delivery.isTaken && delivery.outcome == "200")
        #expect(delivery.words.hasPrefix("thanks thanks") && delivery.words.count <= 500)
      }
      try Data("tok3n\r\nX: y".utf8).write(to: URL(filePath: file))
      let broken = await receiver.deliver("{}")
      #expect(!broken.isTaken && broken.outcome.contains("has no token in it") && !broken.outcome.contains("tok3n"))
    }
    #expect(inbox.all.map(\.authorization) == ["Bearer tok3n-1", "Bearer tok3n-2"])
    #expect(
      inbox.all.allSatisfy { $0.body == #"{"a":1}"# && $0.path == "/hook/s3cr3t" && $0.type == "application/json" })
  }

  @Test("who answers with an error, sends elsewhere or hangs up has not taken it", arguments: [500, 302, 404])
  func refusals(status: Int) async throws {
    let elsewhere = Inbox()
    let server = try HTTPServer.start { request in
      if request.pathText == "/elsewhere" { elsewhere.put(request) }
      var answer = HTTPResponse(status: status, text: "no")
      answer.headers = [("Location", "/elsewhere")]
      return answer
    }
    defer { server.stop() }
    let delivery = await Self.webhook("http://\(server.address)/").deliver("{}")
    #expect(!delivery.isTaken && delivery.outcome.hasPrefix("it answers \(status)") && delivery.words == "no")
    #expect(elsewhere.all.isEmpty)
  }

  @Test("who closes the connection, or speaks something else, has not taken it; nobody there is said so")
  func strangers() async throws {
    for (words, outcome) in [("", "hangs up"), ("SSH-2.0-x\r\n", "does not speak HTTP")] {
      let server = try #require(SpeakingServer(saying: words))
      let delivery = await Self.webhook("http://127.0.0.1:\(server.port)/").deliver("{}")
      #expect(!delivery.isTaken && delivery.outcome.contains(outcome), "\(delivery)")
      server.stop()
      let gone = await Self.webhook("http://127.0.0.1:\(server.port)/").deliver("{}")
      #expect(gone.outcome == "it cannot be reached")
    }
    let plain = try #require(SpeakingServer(saying: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    defer { plain.stop() }
    #expect(
      await Self.webhook("https://127.0.0.1:\(plain.port)/").deliver("{}").outcome.contains("is not to be trusted"))
  }

  @Test("one that hangs is waited for to the deadline; one that answers without end has answered")
  func hanging() async throws {
    let leave = DispatchSemaphore(value: 0)
    let server = try HTTPServer.start { request in
      if request.pathText == "/endless" { return HTTPResponse(body: [UInt8](repeating: 7, count: 100_000_000)) }
      _ = leave.wait(timeout: .now() + 60)
      return HTTPResponse(text: "late")
    }
    let endless = await Self.webhook("http://\(server.address)/endless").deliver("{}")
    #expect(endless.isTaken && endless.words.isEmpty)
    let start = ContinuousClock.now
    let late = await Self.webhook("http://\(server.address)/").deliver("{}", until: .after(.milliseconds(300)))
    #expect(!late.isTaken && late.outcome == "it does not answer in time, or hangs up")
    #expect(start.duration(to: .now) < .seconds(20))
    leave.signal()
    server.stop()
  }

  @Test("a command reads the JSON, sees its own environment and nothing of ours, and is not read by a shell")
  func command() async throws {
    try await Self.withFolder { folder in
      let out = folder + "/out"
      let body = String(repeating: "x", count: 1_000_000)
      let script =
        "cat > \(out).in; env | sort > \(out).env; ls /proc/self/fd | sort -n > \(out).fd; echo \"$@\" > \(out).args"
      let receiver = Self.command(
        ["/bin/sh", "-c", script, "page", "$(touch \(out).bad)", "a b"], environment: ["TEAM": "ml; x"])
      let delivery = await receiver.deliver(body)
      #expect(delivery.isTaken && delivery.outcome == "exit code 0" && delivery.words.isEmpty)
      func text(_ name: String) throws -> String { try String(contentsOfFile: out + name, encoding: .utf8) }
      #expect(try text(".in") == body)
      let names = try text(".env").split(separator: "\n").map { $0.prefix { $0 != "=" } }
      #expect(Set(names).isSubset(of: ["PATH", "TEAM", "PWD", "SHLVL", "OLDPWD", "_"]), "\(names)")
      #expect(try text(".env").contains("TEAM=ml; x\n"))
      // Those of standard input, output and error, and the folder that `ls` reads.
      let descriptors = try text(".fd")
      #expect(descriptors.split(separator: "\n").count == 4, "\(descriptors)")
      #expect(try text(".args") == "$(touch \(out).bad) a b\n")
      #expect(!FileManager.default.fileExists(atPath: out + ".bad"))
    }
  }

  @Test("a command that fails is told with its exit code, and the end of what it complained of for who asks")
  func exitCode() async {
    let delivery = await Self.shell("yes complaint | head -n 20000 >&2; echo the end >&2; exit 3").deliver("{}")
    #expect(!delivery.isTaken && delivery.outcome == "it ends with exit code 3")
    #expect(delivery.words.hasSuffix("complaint\nthe end") && delivery.words.count <= 500)
    #expect(await Self.shell("kill -SEGV $$").deliver("{}").outcome == "it was ended by signal 11")
    #expect(
      await Self.command(["/nowhere/page"]).deliver("{}").outcome == "it does not start: No such file or directory")
    #expect(await Self.shell("exit 0").deliver(String(repeating: "x", count: 1_000_000)).isTaken, "it read nothing")
  }

  @Test("a command that hangs is ended at the deadline with its children, and children that it leaves are ended too")
  func children() async throws {
    try await Self.withFolder { folder in
      for (script, isTaken) in [("& wait", false), ("&", true)] {
        let file = folder + "/child"
        // The child holds a pipe: when it is gone, the pipe's other end says so.
        let pipe = folder + "/pipe\(isTaken)"
        #expect(mkfifo(pipe, 0o600) == 0)
        let receiver = Self.shell("sleep 1000 < \(pipe) 2>/dev/null \(script)\necho $! > \(file)")
        let delivery = await receiver.deliver("{}", until: .after(.milliseconds(700)))
        #expect(delivery.isTaken == isTaken, "\(delivery)")
        // Nobody reads from it any more, so that it cannot be opened for writing. A signal takes its time.
        let soon = Deadline.after(.seconds(20))
        var end = open(pipe, O_WRONLY | O_NONBLOCK)
        while end >= 0, !soon.hasPassed {
          close(end)
          poll(nil, 0, 5)
          end = open(pipe, O_WRONLY | O_NONBLOCK)
        }
        #expect(end < 0 && errno == ENXIO)
        if end >= 0 { close(end) }
      }
    }
  }

  @Test("no outcome shows more of a URL than where it leads, nor a token, whatever goes wrong")
  func secrets() async throws {
    let server = try HTTPServer.start { request in
      HTTPResponse(status: request.pathText.contains("500") ? 500 : 302, text: "no")
    }
    let closed = try #require(SpeakingServer(saying: ""))
    let places = [
      "http://user:p4ssw0rd@\(server.address)/s3cr3t/500?key=tok3n", "http://user:p4ssw0rd@\(server.address)/s3cr3t",
      "http://127.0.0.1:\(closed.port)/s3cr3t?key=tok3n", "https://127.0.0.1:\(closed.port)/s3cr3t?key=tok3n",
      "http://user:p4ssw0rd@nobody.invalid/s3cr3t",
    ]
    for place in places {
      let receiver = Self.webhook(place)
      let delivery = await receiver.deliver("{}")
      #expect(!delivery.isTaken)
      let told = "\(delivery.outcome) \(receiver.name) \(receiver.settings.shownTarget)"
      #expect(!Self.secrets.contains { told.contains($0) }, "\(told)")
    }
    closed.stop()
    server.stop()
  }
}
