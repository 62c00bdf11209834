import Glibc

/// Open files of this process: every connection is one.
enum DescriptorLimit {
  /// For everything else: the registry, logs, libraries.
  private static let others = 256

  /// Raises the process's soft limit, often 1,024, so that it holds `wanted` connections.
  ///
  /// - Returns: As many of them as the hard limit allows.
  static func connections(wanted: Int) -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return wanted }
    let needed = rlim_t(wanted + 2 * Doorkeeper.reserve + others)
    if limit.rlim_cur < needed {
      limit.rlim_cur = min(needed, limit.rlim_max)
      _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
    guard limit.rlim_cur < needed else { return wanted }
    return max(1, Int(limit.rlim_cur) - 2 * Doorkeeper.reserve - others)
  }
}
