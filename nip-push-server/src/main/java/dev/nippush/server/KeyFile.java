package dev.nippush.server;

import dev.nippush.crypto.KeyPair;
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
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/** The file that holds the server's private key: 64 hex digits and a line end, mode 0600. */
final class KeyFile {

    private static final long MAX_BYTES = 1024;
    private static final Set<PosixFilePermission> OWNER_ALONE = PosixFilePermissions.fromString("rw-------");

    private KeyFile() {}

    /**
     * Reads a key; {@code nsec1…} (NIP-19) is taken too.
     *
     * @throws IllegalArgumentException when the file holds something else; the message holds nothing of it
     */
    static KeyPair read(Path file) throws IOException {
        if (Files.size(file) > MAX_BYTES) {
            throw new IllegalArgumentException("holds more than a key");
        }
        try {
            return KeyPair.parse(Files.readString(file, StandardCharsets.UTF_8));
        } catch (CharacterCodingException | IllegalArgumentException e) {
            throw new IllegalArgumentException("must hold a private key: 64 hex digits");
        }
    }

    /** Whether others than the owner may read it; never on file systems without such rights. */
    static boolean isReadableByOthers(Path file) throws IOException {
        if (!isPosix(file)) {
            return false;
        }
        Set<PosixFilePermission> others = EnumSet.of(PosixFilePermission.GROUP_READ, PosixFilePermission.OTHERS_READ);
        others.retainAll(Files.getPosixFilePermissions(file));
        return !others.isEmpty();
    }

    /**
     * Writes a key to a file that is not there yet. The file appears with all of its content and its mode at once, so a
     * crash leaves no half of it, and of two programs one wins.
     *
     * @throws FileAlreadyExistsException when there is a file of that name
     */
    static void create(Path file, KeyPair key) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        FileAttribute<?>[] attributes = isPosix(directory)
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ALONE)}
                : new FileAttribute<?>[0];
        Path draft = Files.createTempFile(directory, ".key", ".tmp", attributes);
        try {
            byte[] text = (key.secretHex() + "\n").getBytes(StandardCharsets.US_ASCII);
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

    private static boolean isPosix(Path path) throws IOException {
        return Files.getFileStore(path).supportsFileAttributeView("posix");
    }
}
