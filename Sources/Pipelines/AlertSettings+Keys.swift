import Vocabulary

extension AlertSettings {
  static let section: Section<AlertSettings> = Section(
    doc: "Who is told of incidents, and how.",
    prototype: AlertSettings(),
    keys: [
      Key(
        "name", \.name,
        .ifGiven(
          .text("1 to 63 letters, digits, dots, hyphens and underscores", pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")),
        "The receiver's name in messages, tables and logs; without it the webhook's host, or the program's file name. A receiver of another name is another one, and is told of everything that goes on."
      ),
      Key(
        "webhook", \.webhook, .ifGiven(.webhook),
        "A URL, http or https, that Alertmanager's JSON (version 4) is posted to. Secrets belong into ${env:NAME}, or into authorization_file."
      ),
      Key(
        "authorization_file", \.authorizationFile,
        .ifGiven(.text("the absolute path of a file", pattern: "^/[^\\x00-\\x1f\\x7f]{1,1000}$")),
        onlyIf: Condition("is for webhooks", "leave it out") { $0.webhook != nil },
        "A file with a token, which is sent as `Authorization: Bearer`; read anew at each delivery."),
      Key(
        "command", \.command, .command,
        "A program with its arguments that is given the same JSON on its standard input, and ends with 0 when it took it. No shell is between; its children end with it."
      ),
      Key(
        "environment", \.environment, .variables,
        onlyIf: Condition("is for commands", "leave it out") { !$0.command.isEmpty },
        "What the command finds in its environment beside PATH; nothing of the controller's own is passed on."),
      Key("severity", \.severity, .choice, "The lowest severity of an incident that is sent."),
      Key(
        "kinds", \.kinds,
        .list(of: .word(IncidentKind.names), "a list of kinds of incidents", count: 0...200, isHiddenWhenEmpty: true),
        "Only incidents of these kinds; without it all."),
      Key(
        "group_wait", \.groupWait, .duration(.zero ... .seconds(3600)),
        "How long the first incident waits for others that go into the same message."),
      Key(
        "group_interval", \.groupInterval, .duration(.milliseconds(100) ... .seconds(86_400)),
        "How long what comes after that, and the end of an incident, waits for the next message."),
      Key(
        "repeat_interval", \.repeatInterval, .duration(.milliseconds(100) ... .seconds(30 * 86_400)),
        "After so long what still goes on is told again."),
      Key("send_resolved", \.sendResolved, .boolean, "Whether the end of an incident is told too."),
      Key(
        "timeout", \.timeout, .duration(.milliseconds(100) ... .seconds(60)),
        "How long a delivery may take; a command is ended then."),
    ])
}

extension ValueKind where Value == String {
  /// A URL. Neither a mistake nor the effective pipeline shows more than where it leads: the rest is a secret more often than not.
  fileprivate static let webhook = ValueKind(
    expects: "a URL such as https://hooks.example.com/retrain",
    schema: [.init("type", .text("string")), .init("pattern", .text("^([Hh][Tt][Tt][Pp][Ss]?://|\\$\\{env:)[!-~]+$"))],
    read: { node, path, reader in
      let expects = "a URL such as https://hooks.example.com/retrain"
      switch node.content {
      case .unreadable: return nil
      case .scalar(let scalar) where !scalar.isNull:
        if WebhookAddress(scalar.text) != nil { return scalar.text }
        reader.note(at: node.place, "\(path) is no URL of http or https with a host", "write \(expects)")
      default: reader.note(at: node.place, "\(path) is \(node.summary)", "write \(expects)")
      }
      return nil
    }, write: { .text(WebhookAddress($0)?.shown ?? SourceSettings.mask) })
}

extension ValueKind where Value == [String] {
  /// A program and its arguments; of those the effective pipeline shows none.
  fileprivate static let command: ValueKind = {
    let words = ValueKind<[String]>.list(
      of: .line("a word"), "a list of a program and its arguments, such as [/usr/local/bin/page, --team, ml]",
      count: 1...100)
    return ValueKind(
      expects: words.expects, schema: words.schema, read: words.read,
      write: { words in
        words.first.map { .list([.text($0)] + words.dropFirst().map { _ in .text(SourceSettings.mask) }) }
      })
  }()
}

extension ValueKind where Value == [String: String] {
  /// Variables of an environment; their values are masked on their way out.
  fileprivate static let variables = ValueKind(
    expects: "a mapping of variables to texts",
    schema: [
      .init("type", .text("object")),
      .init(
        "additionalProperties", .mapping([.init("type", .list([.text("string"), .text("number"), .text("boolean")]))])),
    ],
    read: { node, path, reader in
      guard case .mapping(let entries) = node.content else {
        if case .unreadable = node.content { return nil }
        reader.note(at: node.place, "\(path) is \(node.summary)", "write a mapping of variables to texts")
        return nil
      }
      var variables: [String: String] = [:]
      var isComplete = true
      for entry in entries {
        if entry.key.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]{0,199}/) == nil {
          reader.note(
            at: entry.keyPlace, "`\(shortened(entry.key))` is no name of a variable",
            "use letters, digits and underscores")
          isComplete = false
        }
        switch entry.value.content {
        case .scalar(let scalar) where !scalar.isNull && !scalar.text.utf8.contains(0):
          variables[entry.key] = scalar.text
        case .unreadable: isComplete = false
        default:
          // Not the value: it may be a secret.
          reader.note(at: entry.value.place, "`\(shortened(entry.key))` has no text as its value", "write one value")
          isComplete = false
        }
      }
      return isComplete ? variables : nil
    },
    write: { variables in
      variables.isEmpty
        ? nil : .mapping(variables.keys.sorted().map { .init($0, .text(SourceSettings.mask)) })
    })
}
