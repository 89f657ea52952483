//! Plain text: what the screen and its history showed, prompts and commands included, without
//! escape sequences.

use super::Encoder;
use crate::model::{Body, Event, Size};
use crate::timeline::Renderer;

/// Encodes a piece as text.
pub struct Plain {
    renderer: Option<Renderer>,
    text: String,
}

impl Plain {
    /// For a terminal of this size, with `prelude` on it.
    pub fn new(size: Size, prelude: &str) -> Self {
        let mut renderer = Renderer::new(size);
        renderer.feed(prelude.as_bytes());
        Plain {
            renderer: Some(renderer),
            text: String::new(),
        }
    }
}

impl Encoder for Plain {
    fn begin(&mut self, _out: &mut Vec<u8>) {}

    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        let Some(renderer) = &mut self.renderer else {
            return;
        };
        match &event.body {
            Body::Output(data) => renderer.feed(data),
            Body::Stream { data, .. } => renderer.feed_stream(data),
            Body::Resize(size) => renderer.resize(*size),
            _ => return,
        }
        renderer.take(&mut self.text);
        out.extend_from_slice(self.text.as_bytes());
        self.text.clear();
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if let Some(renderer) = self.renderer.take() {
            renderer.finish(&mut self.text);
            out.extend_from_slice(self.text.as_bytes());
        }
    }
}
