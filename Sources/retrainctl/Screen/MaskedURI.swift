/// The address of a database without its password, for people's eyes and logs.
struct MaskedURI {
  let text: String

  /// - Parameter uri: A URI of libpq, or its form of keywords and values.
  init(_ uri: String) {
    // Greedy up to the last @ before the host: a password may hold one.
    text = uri.replacing(/(:\/\/[^:\/@]*):[^\/]*@/) { "\($0.output.1):***@" }
      .replacing(/((?:ssl)?password\s*=\s*)('(?:[^'\\]|\\.)*'|[^&\s]*)/) { "\($0.output.1)***" }
  }
}
