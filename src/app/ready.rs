//! stub
use super::*;
pub(super) struct Served { pub(super) address: SocketAddr }
impl Served { pub(super) async fn ended(self) {} }
pub(super) async fn serve(a: SocketAddr, _: Arc<Archive>, _: Arc<Metrics>, _: CancellationToken, _: CancellationToken) -> Result<Served, AppError> { Ok(Served { address: a }) }
