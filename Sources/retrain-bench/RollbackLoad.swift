import Confinement
import Foundation
import Glibc
import Synchronization

/// What a request was answered by.
struct LoadedAnswer {
  /// On the monotonic clock, in nanoseconds.
  let begun: UInt64
  let answered: UInt64
  let key: Int32
  /// 0: it was not answered with 200.
  let version: Int32
  let isCanary: Bool
}

/// One thread's load on several servers over connections that are kept: it writes to all of them, then it reads from all.
final class RollbackLoad: @unchecked Sendable {  // Its thread's until `hasEnded` is raised, then the waiting one's.
  private let sockets: [Int32]
  /// By key.
  private let requests: [[UInt8]]
  private let isOver: LoadEnd
  private let seed: UInt64
  let hasEnded = Signal()
  private(set) var answers: [LoadedAnswer] = []
  private let answerCount = Atomic(0)
  /// So far. Any thread.
  var answered: Int { answerCount.load(ordering: .relaxed) }

  /// When all threads end.
  final class LoadEnd: Sendable {
    private let flag = Atomic(false)
    var isReached: Bool { flag.load(ordering: .relaxed) }
    func reach() { flag.store(true, ordering: .relaxed) }
  }

  init(ports: [Int], connections: Int, requests: [[UInt8]], seed: UInt64, until isOver: LoadEnd) throws {
    self.requests = requests
    self.isOver = isOver
    self.seed = seed
    sockets = try (0..<connections).map { try Self.connect(ports[$0 % ports.count]) }
  }

  deinit { for socket in sockets { close(socket) } }

  static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  private static func connect(_ port: Int) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let code = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else { throw BenchError("nobody listens on port \(port)") }
    var patience = timeval(tv_sec: 10, tv_usec: 0)
    _ = setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var yes: Int32 = 1
    _ = setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    return descriptor
  }

  func start() {
    answers.reserveCapacity(1 << 20)
    let thread = Thread { [self] in
      var random = seed
      var begun = [(time: UInt64, key: Int32)](repeating: (0, 0), count: sockets.count)
      var buffer = [UInt8](repeating: 0, count: 8192)
      while !isOver.isReached {
        for place in sockets.indices {
          random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          let key = Int(random >> 33) % requests.count
          begun[place] = (Self.now(), Int32(key))
          let bytes = requests[key]
          _ = bytes.withUnsafeBytes { send(sockets[place], $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        }
        for place in sockets.indices {
          let (version, isCanary) = read(sockets[place], &buffer)
          answers.append(
            LoadedAnswer(
              begun: begun[place].time, answered: Self.now(), key: begun[place].key, version: version,
              isCanary: isCanary))
        }
        answerCount.add(sockets.count, ordering: .relaxed)
      }
      hasEnded.raise()
    }
    thread.stackSize = 1 << 20
    thread.start()
  }

  /// Reads one answer; version 0: it is not the wanted one.
  private func read(_ socket: Int32, _ buffer: inout [UInt8]) -> (version: Int32, isCanary: Bool) {
    var count = 0
    while count < buffer.count {
      let received = buffer.withUnsafeMutableBytes { recv(socket, $0.baseAddress! + count, $0.count - count, 0) }
      guard received > 0 else { return (0, false) }
      count += received
      let text = buffer[..<count]
      guard let head = Self.find("\r\n\r\n", text), let length = Self.number("ontent-Length: ", text[..<head]) else {
        continue
      }
      guard count >= head + 4 + length else { continue }
      let body = text[(head + 4)...]
      guard text.starts(with: "HTTP/1.1 200".utf8), let version = Self.number("\"model_version\":\"", body) else {
        return (0, false)
      }
      return (Int32(version), Self.find("\"canary\":true", body) != nil)
    }
    return (0, false)
  }

  private static func find(_ word: StaticString, _ bytes: ArraySlice<UInt8>) -> Int? {
    bytes.withUnsafeBytes { all in
      let length = word.utf8CodeUnitCount
      var place = 0
      while place + length <= all.count {
        if all[place] == word.utf8Start[0], memcmp(all.baseAddress! + place, word.utf8Start, length) == 0 {
          return bytes.startIndex + place
        }
        place += 1
      }
      return nil
    }
  }

  /// The number behind a word.
  private static func number(_ word: StaticString, _ bytes: ArraySlice<UInt8>) -> Int? {
    guard let place = find(word, bytes) else { return nil }
    var number: Int?
    for byte in bytes[(place + word.utf8CodeUnitCount)...] {
      guard byte &- 0x30 < 10 else { break }
      number = (number ?? 0) * 10 + Int(byte &- 0x30)
    }
    return number
  }
}
