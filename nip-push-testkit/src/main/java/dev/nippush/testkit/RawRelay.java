package dev.nippush.testkit;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.RelayUrl;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A relay below WebSocket: it shakes hands and then sends the bytes that a script says, right or wrong. For what no
 * honest server sends: frames that are too large, that lie about their length, that are compressed unasked. Listens on
 * a free port of 127.0.0.1; one daemon thread per connection. Safe for use by any number of threads.
 */
public final class RawRelay implements AutoCloseable {

    /** A frame of text, as {@link #frame} takes it. */
    public static final int TEXT = 0x1;

    /** The bit that marks a compressed frame (RFC 7692), to be added to the opcode. */
    public static final int COMPRESSED = 0x40;

    private static final int FINAL = 0x80;
    private static final int RECEIVE_BUFFER = 64 * 1024;
    private static final int LONGEST_HEAD = 16 * 1024;
    private static final String HANDSHAKE_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final byte[] FILLER = new byte[64 * 1024];

    /** What to do with a connection after the handshake. The connection is closed when it returns or throws. */
    public interface Script {
        /** Talks to one client. */
        void run(InputStream in, OutputStream out) throws IOException;
    }

    private final ServerSocket server;
    private final List<String> answerHeaders;
    private final Script script;
    private final Inbox<List<String>> handshakes = new Inbox<>();
    private final Inbox<IOException> broken = new Inbox<>();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();

    private RawRelay(ServerSocket server, List<String> answerHeaders, Script script) {
        this.server = server;
        this.answerHeaders = List.copyOf(answerHeaders);
        this.script = requireNonNull(script);
    }

    /**
     * Starts one.
     *
     * @param answerHeaders lines to add to the answer of the handshake, each {@code Name: value}
     */
    public static RawRelay start(List<String> answerHeaders, Script script) {
        try {
            ServerSocket server = new ServerSocket();
            // Small, so that a client notices soon when a script does not read.
            server.setReceiveBufferSize(RECEIVE_BUFFER);
            server.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0));
            RawRelay relay = new RawRelay(server, answerHeaders, script);
            daemon(relay::accept, "raw-relay");
            return relay;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where it listens. */
    public RelayUrl url() {
        return RelayUrl.of("ws://127.0.0.1:" + server.getLocalPort());
    }

    /** The handshakes so far: the request line and the headers of each. */
    public Inbox<List<String>> handshakes() {
        return handshakes;
    }

    /** The connections that ended before their script did: what the client did is in the message. */
    public Inbox<IOException> broken() {
        return broken;
    }

    /**
     * Writes a frame of zero bytes.
     *
     * @param opcode {@link #TEXT} or another, with {@link #COMPRESSED} if wanted
     * @param claimed the length in the frame's head
     * @param sent how many bytes to send, the same or fewer
     */
    public static void frame(OutputStream out, int opcode, long claimed, long sent) throws IOException {
        head(out, opcode, claimed);
        for (long left = sent; left > 0; left -= FILLER.length) {
            out.write(FILLER, 0, (int) Math.min(left, FILLER.length));
        }
        out.flush();
    }

    /** Writes a whole frame with this content. */
    public static void frame(OutputStream out, int opcode, byte[] content) throws IOException {
        head(out, opcode, content.length);
        out.write(content);
        out.flush();
    }

    private static void head(OutputStream out, int opcode, long length) throws IOException {
        out.write(FINAL | opcode);
        out.write(127);
        for (int shift = 56; shift >= 0; shift -= 8) {
            out.write((int) (length >>> shift));
        }
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                open.add(socket);
                daemon(() -> serve(socket), "raw-relay-connection");
            } catch (IOException e) {
                if (!server.isClosed()) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            OutputStream out = socket.getOutputStream();
            List<String> request = readHead(in);
            handshakes.add(request);
            out.write(answer(request).getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
            script.run(in, out);
        } catch (IOException e) {
            if (!server.isClosed()) {
                broken.add(e);
            }
        } finally {
            open.remove(socket);
        }
    }

    private static List<String> readHead(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.length() < LONGEST_HEAD && head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("the client left within the handshake");
            }
            head.append((char) next);
        }
        return new ArrayList<>(head.toString().strip().lines().toList());
    }

    private String answer(List<String> request) throws IOException {
        String prefix = "sec-websocket-key:";
        String key = request.stream()
                .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(prefix))
                .map(line -> line.substring(prefix.length()).strip())
                .findFirst()
                .orElseThrow(() -> new IOException("not a WebSocket handshake"));
        StringBuilder answer = new StringBuilder("HTTP/1.1 101 Switching Protocols\r\n")
                .append("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
                .append(acceptance(key))
                .append("\r\n");
        answerHeaders.forEach(line -> answer.append(line).append("\r\n"));
        return answer.append("\r\n").toString();
    }

    private static String acceptance(String key) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-1")
                    .digest((key + HANDSHAKE_GUID).getBytes(StandardCharsets.ISO_8859_1));
            return Base64.getEncoder().encodeToString(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-1", e);
        }
    }

    private static void daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    /** Closes all connections and stops listening. */
    @Override
    public void close() {
        try {
            server.close();
            for (Socket socket : open) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
