package dev.nippush.server;

import dev.nippush.crypto.KeyPair;
import dev.nippush.unifiedpush.VapidKey;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Function;

/**
 * A file that holds one private key of the server: a line of text, mode 0600.
 *
 * @param <K> the sort of key
 */
final class KeyFile<K> {

    /** Of a line of 64 hex digits; {@code nsec1…} (NIP-19) is read too. */
    static final KeyFile<KeyPair> IDENTITY =
            new KeyFile<>("a private key: 64 hex digits", KeyPair::parse, KeyPair::secretHex);

    /** Of a line of base64url; PKCS#8 in PEM form is read too. */
    static final KeyFile<VapidKey> VAPID = new KeyFile<>(
            "a VAPID key: base64url of its 32 bytes, or PKCS#8 in PEM form", VapidKey::parse, VapidKey::secret);

    private static final long MAX_BYTES = 1024;

    private final String content;
    private final Function<String, K> parser;
    private final Function<K, String> writer;

    private KeyFile(String content, Function<String, K> parser, Function<K, String> writer) {
        this.content = content;
        this.parser = parser;
        this.writer = writer;
    }

    /**
     * Reads a key.
     *
     * @throws IllegalArgumentException when the file holds something else; the message holds nothing of it
     */
    K read(Path file) throws IOException {
        if (Files.size(file) > MAX_BYTES) {
            throw new IllegalArgumentException("holds more than a key");
        }
        try {
            return parser.apply(Files.readString(file, StandardCharsets.UTF_8));
        } catch (CharacterCodingException | IllegalArgumentException e) {
            throw new IllegalArgumentException("must hold " + content);
        }
    }

    /**
     * Writes a key to a file that is not there yet. The file appears with all of its content and its mode at once, so a
     * crash leaves no half of it, and of two programs one wins.
     *
     * @throws FileAlreadyExistsException when there is a file of that name
     */
    void create(Path file, K key) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        Path draft = Files.createTempFile(directory, ".key", ".tmp", OwnerAlone.in(directory));
        try {
            byte[] text = (writer.apply(key) + "\n").getBytes(StandardCharsets.US_ASCII);
            try (FileChannel channel = FileChannel.open(draft, StandardOpenOption.WRITE)) {
                ByteBuffer buffer = ByteBuffer.wrap(text);
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
                channel.force(true);
            }
            publish(draft, file);
        } finally {
            Files.deleteIfExists(draft);
        }
    }

    /** A link fails where a name is taken, which a rename does not. */
    private static void publish(Path draft, Path file) throws IOException {
        try {
            Files.createLink(file, draft);
        } catch (FileAlreadyExistsException e) {
            throw e;
        } catch (UnsupportedOperationException | FileSystemException noLinksHere) {
            Files.move(draft, file);
        }
    }
}
