import Foundation
import TestKit
import Testing

@Suite("Receivers of alerts, from the command line")
struct AlertsCommandTests {
  private static func file(in place: Workplace, _ receivers: String) throws -> String {
    let path = place.folder + "/told.yaml"
    try """
    name: told
    source: { topic: told }
    schema: { label: { path: y }, features: [{ name: a, type: float }] }
    model: { task: binary }
    \(receivers)
    """.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private static func speaker(_ status: String, _ body: String = "") throws -> SpeakingServer {
    try #require(SpeakingServer(saying: "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"))
  }

  @Test("a test message goes to each receiver; what came of it is told of each, and one that fails is exit code 69")
  func test() throws {
    let place = try Workplace(additions: ["HOOK_KEY": "s3cr3t"])
    let (good, bad) = (try Self.speaker("200 OK", "thanks"), try Self.speaker("500 No", "broken\u{1B}[31m"))
    defer { for server in [good, bad] { server.stop() } }
    let out = place.folder + "/message"
    let path = try Self.file(
      in: place,
      """
      alerts:
        - { name: good, webhook: "http://u:p4ss@127.0.0.1:\(good.port)/${env:HOOK_KEY}" }
        - { name: bad, webhook: "http://u:p4ss@127.0.0.1:\(bad.port)/${env:HOOK_KEY}?${env:HOOK_KEY}" }
        - { command: [/bin/sh, -c, "cat >> \(out); echo no power >&2; exit 3"], name: pager }
        - { command: [/bin/sh, -c, "cat >> \(out)"], name: file }
      """)
    let all = try place.run("alerts", "test", path)
    #expect(all.code == 69, "\(all.complaints)")
    #expect(all.complaints.contains("2 of 4 receivers did not take the message: bad, pager"), "\(all.complaints)")
    let lines = all.output.split(separator: "\n").map(String.init)
    #expect(lines.contains { $0.contains("good  http://127.0.0.1:\(good.port)/…  taken: 200") }, "\(lines)")
    #expect(lines.contains { $0.contains("bad") && $0.contains("not taken: it answers 500") })
    #expect(lines.contains { $0.contains("pager") && $0.contains("it ends with exit code 3") })
    #expect(lines.contains("  thanks") && lines.contains("  no power") && !all.output.contains("\u{1B}[31mb"))
    for secret in ["s3cr3t", "p4ss"] { #expect(!(all.output + all.complaints).contains(secret)) }
    let messages = try String(contentsOfFile: out, encoding: .utf8)
    #expect(messages.contains(#""alertname":"RetrainTest""#) && messages.contains(#""status":"resolved""#))

    for choice in ["good", "1"] {
      let one = try place.run("alerts", "test", path, "--receiver", choice, "--json")
      #expect(one.code == 0 && one.output.contains(#""taken":true"#), "\(one.output) \(one.complaints)")
    }
    let unknown = try place.run("alerts", "test", path, "--receiver", "goood")
    #expect(unknown.code == 64 && unknown.complaints.contains("did you mean good?"), "\(unknown.complaints)")
    #expect(try place.run("alerts", "test", try Self.file(in: place, "")).code == 64)
  }

  @Test("a file that this machine lacks is a remark, and nothing secret is shown of a receiver")
  func validate() throws {
    let place = try Workplace(additions: ["HOOK_KEY": "s3cr3t"])
    let path = try Self.file(
      in: place,
      """
      alerts:
        - { webhook: "https://h/${env:HOOK_KEY}", authorization_file: /nowhere/token }
        - { command: [/nowhere/page, "${env:HOOK_KEY}"] }
      """)
    let text = try place.run("validate", path)
    #expect(text.code == 0, "\(text.complaints)")
    let absence = "told.yaml:6:65: /nowhere/token cannot be read on this machine"
    #expect(text.complaints.contains(absence), "\(text.complaints)")
    #expect(text.complaints.contains("/nowhere/page is no program of this machine"))
    let json = try place.run("validate", path, "--json")
    #expect(json.output.contains("https://h/…") && json.output.contains("/nowhere/token cannot be read"))
    for outcome in [text, json] { #expect(!(outcome.output + outcome.complaints).contains("s3cr3t")) }
  }
}
