import CGnuTLS
import CGHASH

/// The sum of products that a code of AES-GCM is made of, by the processor's widest multiplication: about twice as fast as
/// GnuTLS 3.7 has it, of bytes in the cache and of others. To the same bits.
///
/// - Source: NIST SP 800-38D, GHASH; computed by `CGHASH`.
struct GaloisHash: ~Copyable {
  private let key: UnsafeMutablePointer<ghash_key>
  /// 16 bytes.
  private let sum: UnsafeMutableRawPointer

  static let runs = ghash_runs()

  /// nil: this processor cannot, or the library lends no block cipher.
  init?(key: [UInt8]) {
    guard Self.runs else { return nil }
    guard var h = Self.cipherOfZeros(key: key) else { return nil }
    defer { gnutls_memset(&h, 0, h.count) }
    self.key = UnsafeMutableRawPointer.allocate(byteCount: MemoryLayout<ghash_key>.size, alignment: 64)
      .bindMemory(to: ghash_key.self, capacity: 1)
    sum = .allocate(byteCount: 16, alignment: 16)
    ghash_prepare(self.key, h)
    begin()
  }

  deinit {
    gnutls_memset(key, 0, MemoryLayout<ghash_key>.size)
    UnsafeMutableRawPointer(key).deallocate()
    sum.deallocate()
  }

  mutating func begin() {
    sum.initializeMemory(as: UInt8.self, repeating: 0, count: 16)
  }

  /// - Parameter count: A multiple of 16.
  mutating func add(_ bytes: UnsafeRawPointer, _ count: Int) {
    ghash_add(key, sum, bytes, count / 16)
  }

  /// Ends the message of so many bytes, all of them authenticated and none ciphered, and adds the hash to the 16 bytes at
  /// `code`.
  mutating func finish(length: Int, addingTo code: UnsafeMutableRawPointer) {
    withUnsafeTemporaryAllocation(byteCount: 16, alignment: 16) {
      $0.storeBytes(of: (UInt64(length) * 8).bigEndian, as: UInt64.self)
      $0.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
      if let lengths = $0.baseAddress { add(lengths, 16) }
    }
    for place in stride(from: 0, to: 16, by: 8) {
      let word =
        code.loadUnaligned(fromByteOffset: place, as: UInt64.self) ^ sum.load(fromByteOffset: place, as: UInt64.self)
      code.storeBytes(of: word, toByteOffset: place, as: UInt64.self)
    }
  }

  /// CBC of one block of zeros, begun with zeros, is the block cipher of it.
  private static func cipherOfZeros(key: [UInt8]) -> [UInt8]? {
    var (key, zeros, block) = (key, [UInt8](repeating: 0, count: 16), [UInt8](repeating: 0, count: 16))
    var handle: gnutls_cipher_hd_t?
    var code = key.withUnsafeMutableBufferPointer { key in
      zeros.withUnsafeMutableBufferPointer { zeros in
        var (datum, start) = (
          gnutls_datum_t(data: key.baseAddress, size: UInt32(key.count)),
          gnutls_datum_t(data: zeros.baseAddress, size: UInt32(zeros.count))
        )
        return gnutls_cipher_init(&handle, GNUTLS_CIPHER_AES_128_CBC, &datum, &start)
      }
    }
    guard code == 0 else { return nil }
    code = gnutls_cipher_encrypt(handle, &block, block.count)
    gnutls_cipher_deinit(handle)
    return code == 0 ? block : nil
  }
}
