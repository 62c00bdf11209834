import Foundation

/// The environment variables of this process; nothing else in the house reads any.
struct Environment: Sendable {
  /// `RETRAIN_DATABASE_URL`: any libpq URI; nil: the private cluster.
  let databaseURI: String?
  /// `RETRAIN_KAFKA_BROKERS`: bootstrap addresses; nil: a broker of our own.
  let brokers: String?
  /// `KAFKA_HOME`: a folder with the layout of Apache's download; nil: the broker inside librdkafka.
  let kafkaHome: String?
  /// `RETRAIN_HOME`: where local data lies; the default is `.retrain` in the working directory.
  let home: String
  /// `NO_COLOR` and a dumb terminal ask for text without colours.
  let wantsPlainText: Bool
  /// A dumb terminal cannot draw over what it shows.
  let hasDumbTerminal: Bool

  static let process = Environment(get: { name in getenv(name).map { String(cString: $0) } })

  init(get: (String) -> String?) {
    func present(_ name: String) -> String? { get(name).flatMap { $0.isEmpty ? nil : $0 } }
    databaseURI = present("RETRAIN_DATABASE_URL")
    brokers = present("RETRAIN_KAFKA_BROKERS")
    kafkaHome = present("KAFKA_HOME")
    home = present("RETRAIN_HOME") ?? ".retrain"
    hasDumbTerminal = present("TERM") == "dumb"
    wantsPlainText = present("NO_COLOR") != nil || hasDumbTerminal
  }

  /// The value of a variable that a pipeline names as `${env:NAME}`; nil: unset.
  static func value(of name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// `NAME=value` for every variable, with `changes` applied: what a child process gets.
  static func block(changing changes: [String: String]) -> [String] {
    var all = ProcessInfo.processInfo.environment
    // What a crash prints into a log: registers and the memory that they point to may hold secrets.
    if all["SWIFT_BACKTRACE"] == nil { all["SWIFT_BACKTRACE"] = "registers=none,images=none,sanitize=yes,color=no" }
    for (name, value) in changes { all[name] = value }
    return all.map { "\($0.key)=\($0.value)" }.sorted()
  }
}
