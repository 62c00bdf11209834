extension ServingCertificate {
  private static let path = ValueKind<String>.text(
    "the absolute path of a file", pattern: "^/[^\\x00-\\x1f\\x7f]{1,1000}$")

  static let section: Section<ServingCertificate> = Section(
    doc: "What a server proves itself with.",
    prototype: ServingCertificate(),
    keys: [
      Key(
        "certificate", \.certificate, path, isRequired: true,
        "A PEM file with the server's certificate, and behind it those that lead to one that clients trust. Read anew when it changes."
      ),
      Key(
        "key", \.key, path, isRequired: true,
        "A PEM file with the certificate's key, without a password. Read anew when it changes."),
    ])
}

extension ServingToken {
  static let section: Section<ServingToken> = Section(
    doc: "What lets somebody in.",
    prototype: ServingToken(),
    keys: [
      Key(
        "token", \.token, .secret, isRequired: true,
        "What is sent as `Authorization: Bearer`: 16 characters or more, without blanks. A secret: write ${env:NAME}."),
      Key(
        "role", \.role, .choice, isRequired: true,
        "What its bearer may do. read: status, metrics, descriptions. predict: that, and predictions. operate: that, and predictions of versions by their numbers."
      ),
    ])
}

extension ValueKind where Value == String {
  /// One word that neither a mistake nor the effective pipeline shows.
  ///
  /// How long it is the server asks: elsewhere the variable that it stands in may be unset.
  fileprivate static let secret = ValueKind(
    expects: "a text without blanks, such as ${env:PREDICT_TOKEN}",
    schema: [.init("type", .text("string")), .init("pattern", .text("^[!-~]{1,512}$"))],
    read: { node, path, reader in
      switch node.content {
      case .unreadable: return nil
      case .scalar(let scalar) where !scalar.isNull && scalar.text.wholeMatch(of: /[!-~]{1,512}/) != nil:
        return scalar.text
      default:
        reader.note(
          at: node.place, "\(path) is no token", "write a text without blanks, such as ${env:PREDICT_TOKEN}")
        return nil
      }
    }, write: { _ in .text(SourceSettings.mask) })
}
