package import Pipelines

extension AlertSettings.Severity {
  /// How urgent an incident is in the words of `deploy/prometheus`: who is woken, who looks in working hours, whom it is for
  /// anyway.
  package var label: String {
    switch self {
    case .error: "page"
    case .warning: "ticket"
    case .notice: "notice"
    }
  }
}
