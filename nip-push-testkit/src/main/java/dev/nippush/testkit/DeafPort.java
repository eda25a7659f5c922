package dev.nippush.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/** An open port that nobody accepts from: whoever connects gets no word, or not even a connection. */
final class DeafPort implements AutoCloseable {

    private final ServerSocket socket;

    /** Opens a port of the loopback interface that a server has just left. */
    DeafPort(int port) {
        try {
            socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException("the port cannot be kept open", e);
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException("the port cannot be closed", e);
        }
    }
}
