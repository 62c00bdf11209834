import CCurl

/// An answer on its way in: libcurl's callbacks, on the thread that asks.
final class Reception {
  /// A head without an end would be kept by the library as it comes.
  private static let headBytesMax = 1 << 18

  private(set) var body: [UInt8] = []
  private let bodyBytesMax: Int
  private var headBytes = 0

  init(bodyBytesMax: Int) { self.bodyBytesMax = bodyBytesMax }

  /// The reception must outlive the call.
  func attach(to call: UnsafeMutableRawPointer) {
    retrain_curl_receive(
      call, { Reception.of($3)?.takeHead($1 * $2) ?? 0 },
      { bytes, size, count, context in
        Reception.of(context)?.takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? 0
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  private static func of(_ context: UnsafeMutableRawPointer?) -> Reception? {
    context.map { Unmanaged<Reception>.fromOpaque($0).takeUnretainedValue() }
  }

  private func takeHead(_ count: Int) -> Int {
    headBytes += count
    return headBytes <= Self.headBytesMax ? count : 0
  }

  private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard body.count + bytes.count <= bodyBytesMax else { return 0 }
    body.append(contentsOf: bytes)
    return bytes.count
  }
}
