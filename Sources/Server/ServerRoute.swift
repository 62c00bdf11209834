/// What a path asks for.
enum ServerRoute: Equatable {
  case page
  case status
  case metrics
  case server
  case live
  case ready
  /// The models there are.
  case index
  case model(String, version: String?)
  case modelReady(String, version: String?)
  case infer(String, version: String?)
  /// Plain records.
  case predict

  init?(_ path: String) {
    let parts = path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
    switch parts.count {
    case 0: self = .page
    case 1 where parts[0] == "status.json": self = .status
    case 1 where parts[0] == "metrics": self = .metrics
    case 1 where parts[0] == "healthz": self = .live
    case 1 where parts[0] == "predict": self = .predict
    case 1 where parts[0] == "v2": self = .server
    case 3 where parts[0] == "v2" && parts[1] == "health" && parts[2] == "live": self = .live
    case 3 where parts[0] == "v2" && parts[1] == "health" && parts[2] == "ready": self = .ready
    case 3 where parts[0] == "v2" && parts[1] == "repository" && parts[2] == "index": self = .index
    case 3... where parts[0] == "v2" && parts[1] == "models":
      var rest = parts[3...]
      var version: String?
      if rest.first == "versions", rest.count >= 2 {
        version = rest[rest.startIndex + 1]
        rest = rest.dropFirst(2)
      }
      switch Array(rest) {
      case []: self = .model(parts[2], version: version)
      case ["ready"]: self = .modelReady(parts[2], version: version)
      case ["infer"]: self = .infer(parts[2], version: version)
      default: return nil
      }
    default: return nil
    }
  }

  /// Whether it is asked with POST; the others with GET.
  var isPost: Bool {
    switch self {
    case .infer, .predict, .index: true
    default: false
    }
  }

  /// What it is asked with, as the header `Allow` says it.
  var methods: String { isPost ? "POST" : "GET, HEAD" }

  /// Whether it tells of the server, not of the model.
  var isObservation: Bool {
    switch self {
    case .page, .status, .metrics, .live, .ready: true
    default: false
    }
  }
}
