"""tailrace behind real servers, over real sockets."""
