import Foundation
import Pipelines
import Testing
import Vocabulary

@Suite("Settings of alerts")
struct AlertSettingsTests {
  private static func file(_ receivers: String...) -> String {
    minimal(rest: "alerts:\n" + receivers.map { "    - { \($0) }" }.joined(separator: "\n"))
  }

  @Test("every key is read; what is left out has Alertmanager's defaults")
  func keys() throws {
    let pipeline = try parsed(
      Self.file(
        "webhook: \"https://user:pw@hooks.example.com:8443/a/b?c=d\", authorization_file: /etc/token, severity: notice, "
          + "kinds: [diverging, records_lost], group_wait: 10s, group_interval: 1m, repeat_interval: 2h, "
          + "send_resolved: false, timeout: 3s",
        "command: [/usr/local/bin/page, --team, ml], environment: { TEAM: ml, N: 1 }, severity: error, name: night"))
    let (hook, command) = (pipeline.alerts[0], pipeline.alerts[1])
    #expect(hook.webhook == "https://user:pw@hooks.example.com:8443/a/b?c=d" && hook.authorizationFile == "/etc/token")
    #expect(hook.severity == .notice && hook.kinds == ["diverging", "records_lost"] && !hook.sendResolved)
    #expect(hook.groupWait == .seconds(10) && hook.groupInterval == .seconds(60) && hook.timeout == .seconds(3))
    #expect(hook.repeatInterval == .seconds(7200) && hook.effectiveName == "hooks.example.com")
    #expect(
      command.command == ["/usr/local/bin/page", "--team", "ml"] && command.environment == ["TEAM": "ml", "N": "1"])
    #expect(command.effectiveName == "night" && command.shownTarget == "/usr/local/bin/page")
    #expect(command.groupWait == .seconds(30) && command.groupInterval == .seconds(300) && command.sendResolved)
    #expect(command.repeatInterval == .seconds(4 * 3600) && command.timeout == .seconds(10))
    #expect(try parsed(minimal()).alerts.isEmpty && !(try parsed(minimal()).effectiveYAML.contains("alerts")))
  }

  @Test("neither the pipeline in full nor what an edit is told as shows a URL's secrets, an argument or a variable")
  func masks() throws {
    let old = try parsed(
      Self.file(
        "webhook: \"https://user:hunter2@hooks.example.com/s3cr3t?key=tok3n\"",
        "command: [/usr/local/bin/page, hunter2], environment: { KEY: \"${env:SECRET}\" }"))
    let new = try parsed(
      Self.file("webhook: \"https://user:hunter3@hooks.example.com/s3cr3t?key=tok3n\"", "command: [/bin/page, hunter2]")
    )
    let edits = new.edits(since: old).map { "\($0.old ?? "") \($0.new ?? "") \($0.meaning)" }.joined()
    let json = String(decoding: try JSONEncoder().encode(EffectivePipeline(old)), as: UTF8.self)
    for text in [old.effectiveYAML, json, edits] {
      for secret in ["hunter", "s3cr3t", "tok3n", "user"] { #expect(!text.contains(secret), "\(text)") }
    }
    #expect(old.effectiveYAML.contains("https://hooks.example.com/…"))
    #expect(old.effectiveYAML.contains("/usr/local/bin/page"))
    #expect(edits.contains("the model goes on"))
  }

  @Test(
    "what cannot be meant is a mistake with its place",
    arguments: [
      ("severity: error", ":14:7:", "neither a webhook nor a command"),
      ("webhook: \"http://h/\", command: [/bin/page]", ":14:", "a webhook and a command"),
      ("webhook: \"ftp://h/s3cr3t\"", ":14:18:", "alerts[0].webhook is no URL of http or https with a host"),
      ("webhook: \"http:///s3cr3t\"", ":14:18:", "is no URL"),
      ("webhook: \"http://h:99999/s3cr3t\"", ":14:18:", "is no URL"),
      ("webhook: \"http://h/s3cr3t é\"", ":14:18:", "is no URL"),
      ("webhook: [a]", ":14:18:", "alerts[0].webhook is a list"),
      ("command: [page]", ":14:", "write its whole path"),
      ("command: []", ":14:", "at least 1"),
      ("command: /bin/page", ":14:", "write a list of a program and its arguments"),
      ("command: [/bin/page], authorization_file: /etc/t", ":14:", "`authorization_file` is for webhooks"),
      ("webhook: \"http://h/\", authorization_file: token", ":14:", "the absolute path of a file"),
      ("webhook: \"http://h/\", environment: { A: b }", ":14:", "`environment` is for commands"),
      ("command: [/bin/page], environment: { A-B: c }", ":14:", "`A-B` is no name of a variable"),
      ("webhook: \"http://h/\", kinds: [divergin]", ":14:", "did you mean diverging?"),
      ("webhook: \"http://h/\", severity: page", ":14:", "one of notice, warning, error"),
      ("webhook: \"http://h/\", group_wate: 1s", ":14:", "did you mean `group_wait`?"),
      ("webhook: \"http://h/\", repeat_interval: 1m", ":14:", "make repeat_interval the longer one"),
      ("webhook: \"http://h/\", timeout: 1h", ":14:", "a duration from 100ms to 60s"),
      ("webhook: \"http://h/\", name: \"a b\"", ":14:", "letters, digits"),
    ])
  func mistakes(receiver: String, place: String, part: String) {
    let found = report(on: Self.file(receiver))
    #expect(found.contains(place) && found.contains(part) && !found.contains("s3cr3t"), "\(found)")
  }

  @Test("two receivers of one name are told apart by nobody")
  func names() {
    let found = report(on: Self.file("webhook: \"http://h/a\"", "webhook: \"http://h/b\""))
    #expect(found.contains(":15:7: two receivers are called `h`"), "\(found)")
    #expect(report(on: Self.file("webhook: \"http://h/a\"", "webhook: \"http://h/b\", name: other")).isEmpty)
  }

  @Test(
    "an address shows where it leads and no more",
    arguments: [
      ("https://hooks.example.com/a?b=c", "https://hooks.example.com/…", "hooks.example.com"),
      ("HTTP://user:p@ss@h:80", "http://h:80/…", "h"), ("http://[::1]:9/x", "http://[::1]:9/…", "[::1]"),
      ("http://h?key=v@x", "http://h/…", "h"), ("http://h#f", "http://h/…", "h"),
    ])
  func addresses(url: String, shown: String, host: String) throws {
    let address = try #require(WebhookAddress(url))
    #expect(address.shown == shown && address.host == host && address.url == url)
  }

  @Test("every kind of incident of the rules is one that a receiver may name")
  func kinds() {
    #expect(Set(HealthRule.allCases.map(\.rawValue)).isSubset(of: IncidentKind.names))
    #expect(
      IncidentKind.names == IncidentKind.names.sorted() && Set(IncidentKind.names).count == IncidentKind.names.count)
  }
}
